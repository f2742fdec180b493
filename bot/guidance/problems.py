"""What is a problem in the content, and how is it said in English and in French?

``RULES`` is the whole list of what the checker knows: a code, how bad it is, and a sentence in
each language that says what happened and what to do. Each rule has one broken example in
tests/bad/, which is its test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, Literal

from bot.guidance.words import Words

Severity = Literal["error", "warning", "open"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the checker; words between braces in its sentences are filled in."""

    severity: Severity
    words: Words


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A rule that some line of a file does not keep."""

    file: str
    line: int
    code: str
    severity: Severity
    en: str
    fr: str


@dataclass(slots=True)
class Report:
    """Collects problems, in the order in which they were found."""

    problems: list[Problem] = field(default_factory=list)

    def __call__(self, code: str, file: str, line: int, /, **details: object) -> None:
        """Add a problem under ``code``; ``details`` fill in the sentences of its rule."""
        rule = RULES[code]
        self.problems.append(
            Problem(
                file=file,
                line=line,
                code=code,
                severity=rule.severity,
                en=rule.words.en.format(**details, hint=_hint(details, "en")),
                fr=rule.words.fr.format(**details, hint=_hint(details, "fr")),
            )
        )

    @property
    def failed(self) -> bool:
        """Whether at least one problem is an error."""
        return any(problem.severity == "error" for problem in self.problems)

    def sorted(self) -> list[Problem]:
        """Return every problem once, by file and line."""
        return sorted(set(self.problems))


def _hint(details: Mapping[str, object], lang: str) -> str:
    near = details.get("near")
    if not near:
        return ""
    return f" Vouliez-vous dire « {near} »?" if lang == "fr" else f" Did you mean “{near}”?"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that ``word`` was most likely meant to be, if any is close."""
    found = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def _error(en: str, fr: str) -> Rule:
    return Rule("error", Words(en, fr))


def _warning(en: str, fr: str) -> Rule:
    return Rule("warning", Words(en, fr))


def _open(en: str, fr: str) -> Rule:
    return Rule("open", Words(en, fr))


RULES: Final[Mapping[str, Rule]] = {
    # 1: the file and its form
    "C101": _error(
        "I cannot open this file or folder. Check that it exists, may be read and, if it is a"
        " folder, holds dialogs/ and content/.",
        "Je ne peux pas ouvrir ce fichier ou ce dossier. Vérifiez qu’il existe, qu’on peut le lire"
        " et, pour un dossier, qu’il contient dialogs/ et content/.",
    ),
    "C102": _error(
        "I cannot read this line. Put the words between double quotes, use spaces (no tabs) at the"
        " start of the line, and close every bracket.",
        "Je ne peux pas lire cette ligne. Mettez les mots entre guillemets droits doubles, des"
        " espaces (pas de tabulation) en début de ligne, et fermez chaque crochet ou accolade.",
    ),
    "C103": _error(
        "I find no content here. The first line must be a key such as “tree:” or “topic:”.",
        "Je ne trouve pas de contenu ici. La première ligne doit être une clé comme « tree: » ou"
        " « topic: ».",
    ),
    "C104": _error(
        "The key “{key}” is written twice; the first one is on line {first}. Keep only one.",
        "La clé « {key} » est écrite deux fois; la première est à la ligne {first}. N’en gardez"
        " qu’une.",
    ),
    "C105": _error(
        "Shortcuts (& and *) and very deep nesting are not used here. Write the value out.",
        "Les raccourcis (& et *) et les imbrications très profondes ne sont pas utilisés ici."
        " Écrivez la valeur au long.",
    ),
    "C106": _error(
        "This line has a character that is not UTF-8. Save the file as UTF-8.",
        "Cette ligne contient un caractère qui n’est pas en UTF-8. Enregistrez le fichier en"
        " UTF-8.",
    ),
    "C107": _error(
        "This file has {size} bytes; the limit is {limit}. Split it in two.",
        "Ce fichier compte {size} octets; la limite est de {limit}. Divisez-le en deux.",
    ),
    "C108": _error(
        "I do not know files that start with “{key}:”.{hint} Known first keys: {known}.",
        "Je ne connais pas les fichiers qui commencent par « {key}: ».{hint} Premières clés"
        " connues : {known}.",
    ),
    "C109": _error(
        "This line has an invisible control character. Delete the line and type it again.",
        "Cette ligne contient un caractère de commande invisible. Effacez-la et retapez-la.",
    ),
    "C110": _error(
        "I do not know the key “{key}” here.{hint} Known keys: {known}.",
        "Je ne connais pas la clé « {key} » à cet endroit.{hint} Clés connues : {known}.",
    ),
    "C111": _error(
        "The key “{key}” is missing here. Add it.",
        "La clé « {key} » manque ici. Ajoutez-la.",
    ),
    "C112": _error(
        "The {language_en} words are missing. Both languages are needed, side by side.",
        "Le texte {language_fr} manque. Il faut les deux langues, côte à côte.",
    ),
    "C113": _error(
        "Expected here: {wanted_en}.{hint}",
        "Attendu ici : {wanted_fr}.{hint}",
    ),
    "C114": _error(
        "Put these words between double quotes: “{text}”.",
        "Mettez ces mots entre guillemets droits doubles : « {text} ».",
    ),
    "C115": _error(
        "The id “{id}” is used twice; the first one is in {first}. Give this one another id.",
        "L’identifiant « {id} » sert deux fois; le premier est dans {first}. Donnez-en un autre"
        " à celui-ci.",
    ),
    "C116": _error(
        "The file “{file}” holds “{id}”. Name the file “{id}.yaml”, so that people can find it.",
        "Le fichier « {file} » contient « {id} ». Nommez-le « {id}.yaml » pour qu’on le trouve.",
    ),
    "C117": _error(
        "The file that starts with “{key}:” is missing. Cairn cannot start without it.",
        "Il manque le fichier qui commence par « {key}: ». Cairn ne peut pas démarrer sans lui.",
    ),
    "C118": _error(
        "A double quote opens on this line and is never closed. Add the closing one.",
        "Un guillemet droit double s’ouvre sur cette ligne et n’est jamais fermé. Ajoutez le"
        " guillemet fermant.",
    ),
    "C119": _error(
        "Files here end in “.yaml”. Rename this one, or it is not read.",
        "Les fichiers d’ici se terminent par « .yaml ». Renommez celui-ci, sinon il n’est pas lu.",
    ),
    "C120": _error(
        "There is already a file that starts with “{key}:” ({first}). Keep only one.",
        "Il y a déjà un fichier qui commence par « {key}: » ({first}). N’en gardez qu’un.",
    ),
    # 2: what points to something else
    "C201": _error(
        "“go: {id}” leads nowhere: this tree has no question or answer of that name.{hint}",
        "« go: {id} » ne mène nulle part : cet arbre n’a ni question ni réponse de ce nom.{hint}",
    ),
    "C202": _error(
        "There is no statement “{id}” in content/statements/.{hint}",
        "Il n’y a pas d’énoncé « {id} » dans content/statements/.{hint}",
    ),
    "C203": _error(
        "There is no office “{id}” in content/offices.yaml.{hint}",
        "Il n’y a pas de bureau « {id} » dans content/offices.yaml.{hint}",
    ),
    "C204": _error(
        "There is no source “{id}” in content/sources.yaml.{hint}",
        "Il n’y a pas de source « {id} » dans content/sources.yaml.{hint}",
    ),
    "C205": _error(
        "The source “{source}” has no section “{id}”.{hint} Write the id of the source, a space,"
        " and one of its sections: {known}.",
        "La source « {source} » n’a pas de section « {id} ».{hint} Écrivez l’identifiant de la"
        " source, une espace, puis une de ses sections : {known}.",
    ),
    "C206": _error(
        "“{id}” is no {wanted_en}.{hint}",
        "« {id} » n’est pas {wanted_fr}.{hint}",
    ),
    "C207": _error(
        "There is no course “{id}” in content/courses.yaml.{hint}",
        "Il n’y a pas de cours « {id} » dans content/courses.yaml.{hint}",
    ),
    "C208": _error(
        "Two options of this question have the id “{id}”. Give one of them another id.",
        "Deux options de cette question ont l’identifiant « {id} ». Donnez-en un autre à l’une"
        " d’elles.",
    ),
    "C209": _error(
        "“was: {id}” names an id that is still in use. Remove “was”, or use another id.",
        "« was: {id} » nomme un identifiant encore utilisé. Retirez « was », ou changez"
        " d’identifiant.",
    ),
    "C210": _warning(
        "Nothing uses the statement “{id}”. Use it, or remove it.",
        "Rien n’utilise l’énoncé « {id} ». Utilisez-le ou retirez-le.",
    ),
    "C212": _error(
        "“start” must name a question of this tree; “{id}” is none.{hint}",
        "« start » doit nommer une question de cet arbre; « {id} » n’en est pas une.{hint}",
    ),
    "C213": _error(
        "“{id}” stands twice in this list. Keep it once.",
        "« {id} » figure deux fois dans cette liste. Gardez-le une seule fois.",
    ),
    "C211": _error(
        "A question and an answer of this tree are both called “{id}”. Rename one of them.",
        "Une question et une réponse de cet arbre s’appellent toutes deux « {id} ». Renommez"
        " l’une d’elles.",
    ),
    "C214": _error(
        "The mark “{mark}” picks “{id}” at “{question}”, which the tree does not have.{hint}",
        "La marque « {mark} » coche « {id} » à « {question} », qui n’est pas dans l’arbre.{hint}",
    ),
    "C215": _error(
        "“{word}” has fewer than two letters or digits, so nearly every draft would be marked.",
        "« {word} » a moins de deux lettres ou chiffres; presque toute ébauche serait relevée.",
    ),
    "C216": _error(
        "Two sentences of the promise have the id “{id}”, by which a test proves each. Give one of"
        " them another id.",
        "Deux phrases de la promesse ont l’identifiant « {id} », par lequel un test prouve chacune."
        " Donnez-en un autre à l’une d’elles.",
    ),
    "C217": _error(
        "Nothing can be sent to an office from “{channel}”, so “when: handoff” is never true"
        " there. Take it out of the channels.",
        "Rien ne peut être envoyé à un bureau à partir de « {channel} » : « when: handoff » n’y est"
        " jamais vrai. Retirez-le des canaux.",
    ),
    "C218": _error(
        "Where nothing can be sent to an office, the promise says nothing on “{channel}”. Add a"
        " sentence that is true there.",
        "Là où rien ne peut être envoyé à un bureau, la promesse ne dit rien sur « {channel} »."
        " Ajoutez une phrase qui y est vraie.",
    ),
    "C219": _error(
        "No sentence of the promise says what is true on “{channel}” once something can be sent to"
        " an office. Add one with “when: handoff”.",
        "Aucune phrase de la promesse ne dit ce qui est vrai sur « {channel} » dès qu’on peut"
        " écrire à un bureau. Ajoutez-en une avec « when: handoff ».",
    ),
    "C220": _error(
        "These offices stand in for each other in a circle: {circle}. Take one “instead” away.",
        "Ces bureaux se remplacent en rond : {circle}. Retirez un des « instead ».",
    ),
    # 3: the shape of a tree
    "C301": _error(
        "No choice leads to “{id}”. Add an option that goes there, or remove it.",
        "Aucun choix ne mène à « {id} ». Ajoutez une option qui y va, ou retirez-la.",
    ),
    "C302": _error(
        "These questions go round in a circle: {circle}. Make one of them lead to an answer.",
        "Ces questions tournent en rond : {circle}. Faites mener l’une d’elles à une réponse.",
    ),
    "C303": _error(
        "A question needs at least two options; this one has {count}.",
        "Une question a besoin d’au moins deux options; celle-ci en a {count}.",
    ),
    "C304": _error(
        "This is a dead end: name at least one office, or offer a tree or a topic to go on with.",
        "C’est un cul-de-sac : nommez au moins un bureau, ou proposez un arbre ou un sujet pour"
        " continuer.",
    ),
    "C305": _error(
        "An option with “alone” must be in a “choose: many” question, come last and add nothing.",
        "Une option avec « alone » doit être dans une question « choose: many », venir en dernier"
        " et n’ajouter rien.",
    ),
    "C306": _error(
        "This tree has {count} routes; the limit is {limit}. Use fewer options in the questions"
        " where several may be chosen.",
        "Cet arbre compte {count} parcours; la limite est de {limit}. Réduisez le nombre d’options"
        " des questions à choix multiples.",
    ),
    "C307": _error(
        "An answer of usual care must also say that it is not a clearance: add"
        " “use: not_a_clearance” (or “use: no_action_is_full” for managers).",
        "Une réponse de prudence habituelle doit aussi dire que ce n’est pas un feu vert : ajoutez"
        " « use: not_a_clearance » (ou « use: no_action_is_full » pour les gestionnaires).",
    ),
    # 4: the two languages
    "C401": _error(
        "The two languages do not have the same links. English: {en_links}. French: {fr_links}.",
        "Les deux langues n’ont pas les mêmes liens. Anglais : {en_links}. Français : {fr_links}.",
    ),
    "C402": _error(
        "The two languages do not give the same numbers: {en_numbers} in English, {fr_numbers} in"
        " French.",
        "Les deux langues ne donnent pas les mêmes nombres : {en_numbers} en anglais, {fr_numbers}"
        " en français.",
    ),
    "C403": _error(
        "The two languages do not have the same marks (bold, italic, list). Mark the same words.",
        "Les deux langues n’ont pas les mêmes marques (gras, italique, liste). Marquez les mêmes"
        " mots.",
    ),
    "C404": _error(
        "The French is the same as the English: “{text}”. Write the French.",
        "Le français est identique à l’anglais : « {text} ». Écrivez le français.",
    ),
    "C405": _warning(
        "One language is {ratio} times as long as the other. Check that both say the same thing.",
        "Une langue est {ratio} fois plus longue que l’autre. Vérifiez qu’elles disent la même"
        " chose.",
    ),
    "C406": _error(
        "French typography: {what_en}. Between double quotes, \\_ writes a non-breaking space.",
        "Typographie française : {what_fr}. Entre guillemets droits doubles, \\_ donne une espace"
        " insécable.",
    ),
    "C407": _error(
        "The places to fill in differ between the languages: {places}. Use the same ones in both.",
        "Les endroits à remplir diffèrent entre les langues : {places}. Utilisez les mêmes dans"
        " les deux.",
    ),
    # 5: what may be said, and how
    "C501": _error(
        "A stated statement needs a “source” and has no “rests_on”. If no source says it, its"
        " basis is “practice”.",
        "Un énoncé « stated » a besoin d’une « source » et n’a pas de « rests_on ». Si aucune"
        " source ne le dit, son fondement est « practice ».",
    ),
    "C502": _error(
        "A statement of practice needs “rests_on” and never has a “source”: no source states it.",
        "Un énoncé de pratique a besoin de « rests_on » et n’a jamais de « source » : aucune"
        " source ne l’énonce.",
    ),
    "C503": _error(
        "Only bold, italic, lists and links are possible in words. Take out “{mark}”.",
        "Seuls le gras, l’italique, les listes et les liens sont possibles dans un texte. Retirez"
        " « {mark} ».",
    ),
    "C504": _error(
        "Links may only lead to https addresses of hosts in content/hosts.yaml: {href}.",
        "Les liens ne mènent qu’à des adresses https d’hôtes de content/hosts.yaml : {href}.",
    ),
    "C505": _error(
        "“{word}” is on the list of words to avoid. {instead_en}",
        "« {word} » est sur la liste des mots à éviter. {instead_fr}",
    ),
    "C506": _error(
        "A sentence has {count} words in {language_en}; the limit is {limit}. Make it two.",
        "Une phrase compte {count} mots en {language_fr}; la limite est de {limit}. Faites-en"
        " deux.",
    ),
    "C507": _error(
        "The {language_en} of “{id}” is hard to read (LIX {lix}; the limit is {limit}). Use shorter"
        " sentences and shorter words.",
        "Le texte {language_fr} de « {id} » est difficile à lire (LIX {lix}; la limite est de"
        " {limit}). Raccourcissez les phrases et les mots.",
    ),
    "C508": _error(
        "A tree for managers must not ask for a name, an account, a link or a screenshot:"
        " “{word}”.",
        "Un arbre pour gestionnaires ne doit demander ni nom, ni compte, ni lien, ni capture"
        " d’écran : « {word} ».",
    ),
    "C509": _warning(
        "The review date {date} has passed. Review the tree, then set a new date.",
        "La date de révision {date} est passée. Révisez l’arbre, puis fixez une nouvelle date.",
    ),
    "C510": _warning(
        "The review date {date} is less than 30 days away.",
        "La date de révision {date} est dans moins de 30 jours.",
    ),
    "C511": _warning(
        "This source was last read on {date}, more than {days} days ago. Read it again.",
        "Cette source a été lue pour la dernière fois le {date}, il y a plus de {days} jours."
        " Relisez-la.",
    ),
    # 6: what the platforms can show
    "C601": _error(
        "These words have {count} characters; at this place the limit is {limit}: “{text}”.",
        "Ce texte compte {count} caractères; à cet endroit, la limite est de {limit} : « {text} ».",
    ),
    "C602": _error(
        "This question has {count} options; chat platforms show at most {limit}.",
        "Cette question a {count} options; les plateformes de clavardage en montrent au plus"
        " {limit}.",
    ),
    "C603": _error(
        "The answer “{id}” could grow to {count} characters with all that may be added; the limit"
        " is {limit}.",
        "La réponse « {id} » pourrait atteindre {count} caractères avec tout ce qui peut s’y"
        " ajouter; la limite est de {limit}.",
    ),
    "C604": _error(
        "This answer has {count} statements of its own; the first screen shows {limit}.",
        "Cette réponse a {count} énoncés à elle; le premier écran en montre {limit}.",
    ),
    "C605": _error(
        "The longest ticket of this tree has {count} characters; the limit is {limit}. Use"
        " shorter ids.",
        "Le plus long billet de cet arbre compte {count} caractères; la limite est de {limit}."
        " Utilisez des identifiants plus courts.",
    ),
    "C606": _error(
        "The longest route of this tree takes {count} bytes in a capsule; the limit is {limit}."
        " Ask fewer questions on one route, or offer fewer options where several may be chosen.",
        "Le plus long parcours de cet arbre occupe {count} octets dans une capsule; la limite est"
        " de {limit}. Posez moins de questions sur un même parcours, ou offrez moins d’options là"
        " où plusieurs choix sont possibles.",
    ),
    "C607": _error(
        "The ids “{one}” and “{other}” have the same short form. Rename one of them.",
        "Les identifiants « {one} » et « {other} » ont la même forme courte. Renommez l’un des"
        " deux.",
    ),
    # 7: the file of an organization
    "C701": _error(
        "There is no time zone “{zone}”.{hint} Write one such as “America/Toronto”.",
        "Il n’y a pas de fuseau horaire « {zone} ».{hint} Écrivez par exemple « America/Toronto ».",
    ),
    "C702": _error(
        "I cannot use the hours “{hours}”. Write them as “08:30-16:30”, on one day, and leave out"
        " the days on which the office is closed.",
        "Je ne peux pas utiliser les heures « {hours} ». Écrivez-les ainsi : « 08:30-16:30 », le"
        " même jour, et omettez les jours de fermeture.",
    ),
    "C703": _error(
        "This notice ends on {until}, before it begins on {begins}.",
        "Cet avis prend fin le {until}, avant de commencer le {begins}.",
    ),
    "C704": _error(
        "There is nothing called “{id}” to add to or to place a notice on.{hint} Write a tree, a"
        " tree and one of its answers (tree/answer), or a topic (topic:name).",
        "Il n’y a rien qui s’appelle « {id} » où ajouter un énoncé ou un avis.{hint} Écrivez un"
        " arbre, un arbre et une de ses réponses (arbre/réponse), ou un sujet (topic:nom).",
    ),
    "C705": _warning(
        "The approval is for version {approved} of the guidance; this is version {version}. People"
        " see “not yet approved” until the file records the new version.",
        "L’approbation porte sur la version {approved} des orientations; ceci est la version"
        " {version}. Le public voit « pas encore approuvé » tant que le fichier n’est pas à jour.",
    ),
    "C706": _error(
        "I do not know the province or territory “{province}”. Write one of {known}.",
        "Je ne connais pas la province ou le territoire « {province} ». Écrivez un de ceux-ci :"
        " {known}.",
    ),
    "C707": _error(
        "The shared guidance already has a source “{id}”. Give yours another id: an organization"
        " adds, it never replaces.",
        "Les orientations communes ont déjà une source « {id} ». Donnez un autre identifiant à la"
        " vôtre : une organisation ajoute, elle ne remplace jamais.",
    ),
    "C708": _error(
        "The office “{id}” takes no hand-offs (“handoff: card” in content/offices.yaml). Remove"
        " “desk”: people see how to reach it.",
        "Le bureau « {id} » ne reçoit aucune demande (« handoff: card » dans content/offices.yaml)."
        " Retirez « desk » : on voit ses coordonnées.",
    ),
    "C709": _error(
        "By e-mail an office gets introductions only, never a case. Write “mode: introduction”, or"
        " a desk “on: slack” or “on: teams”.",
        "Par courriel, un bureau ne reçoit que des mises en relation, jamais de demandes écrites."
        " Mettez « mode: introduction », ou un guichet « on: slack » ou « on: teams ».",
    ),
    "C710": _error(
        "Introductions by e-mail go to the office’s own address. Give the office an “email”.",
        "Les mises en relation par courriel vont à l’adresse du bureau. Donnez-lui un « email ».",
    ),
    "C711": _error(
        "What stands at “{key}” does not fit. Write {wanted_en}.",
        "Ce qui figure à « {key} » ne convient pas. Écrivez {wanted_fr}.",
    ),
    "C712": _error(
        "“{key}” has no effect together with “{rival}”. Remove one of the two.",
        "« {key} » n’a aucun effet avec « {rival} ». Retirez l’un des deux.",
    ),
    "C713": _error(
        "Only two people together can hold a case, so “hold” names two or more; here: {count}.",
        "Seules deux personnes ensemble peuvent suspendre l’effacement d’une demande; « hold » en"
        " nomme donc au moins deux; ici : {count}.",
    ),
    "C714": _warning(
        "This desk takes cases and lacks {missing}. Without “deputy” or “head”, they are not told"
        " of a case that waits; without “hold”, no case can be kept from erasure.",
        "Ce guichet reçoit des demandes écrites, et il y manque {missing}. Sans « deputy » ou"
        " « head », ces personnes ne sont pas averties d’une demande en attente; sans « hold »,"
        " aucune demande ne peut être soustraite à l’effacement.",
    ),
    "C715": _warning(
        "“{other}” has the same channel as “{one}”, so each sees what is sent to the other. Give"
        " each office a channel of its own.",
        "« {other} » a le même canal que « {one} » : chacun voit ce qui est envoyé à l’autre."
        " Donnez à chaque bureau son propre canal.",
    ),
    "C716": _warning(
        "This office has a desk and no “hours”. Its deadlines count Monday to Friday, 8:30 to"
        " 16:30, until you add them.",
        "Ce bureau a un guichet, mais pas d’heures (« hours »). Ses délais comptent du lundi au"
        " vendredi, de 8 h 30 à 16 h 30, tant que vous ne les ajoutez pas.",
    ),
    "C717": _warning(
        "No case can reach this desk, only introductions. Both chats must be in “free_text”, and"
        " both “ceilings” must be protected_b unless the desk says “non_sensitive: true”.",
        "Aucune demande écrite ne peut arriver à ce guichet, seulement des mises en relation. Il"
        " faut les deux clavardages dans « free_text » et, dans « ceilings », protected_b pour les"
        " deux, à moins que le guichet ne dise « non_sensitive: true ».",
    ),
    "C718": _warning(
        "The desk is in “{tenant}”, which “tenants” does not list under {on}.{hint} List it there,"
        " or correct it here.",
        "Le guichet est dans « {tenant} », que « tenants » n’indique pas sous {on}.{hint}"
        " Ajoutez-le là, ou corrigez-le ici.",
    ),
    "C719": _error(
        "An approval names the two roles that gave it. List at least two different ones under"
        " “by”.",
        "Une approbation nomme les deux rôles qui l’ont donnée. Inscrivez-en au moins deux,"
        " différents, sous « by ».",
    ),
    # 8: stories
    "C801": _error(
        "The story chooses “{id}” at “{question}”, which does not offer it.{hint}",
        "Le récit choisit « {id} » à « {question} », qui ne l’offre pas.{hint}",
    ),
    "C802": _error(
        "The story stops at the question “{question}”. Add a choice for it.",
        "Le récit s’arrête à la question « {question} ». Ajoutez-y un choix.",
    ),
    "C803": _error(
        "The story expects {wanted_en}. {found_en}",
        "Le récit attend {wanted_fr}. {found_fr}",
    ),
    "C804": _error(
        "The story makes a choice at “{question}”, which its route never asks.{hint}",
        "Le récit fait un choix à « {question} », que son parcours ne pose jamais.{hint}",
    ),
    "C806": _error(
        "Only one option can be chosen at “{question}”; the story names {count}.",
        "On ne peut choisir qu’une option à « {question} »; le récit en nomme {count}.",
    ),
    "C805": _warning(
        "No story reaches the answer “{id}”. Write one.",
        "Aucun récit n’atteint la réponse « {id} ». Écrivez-en un.",
    ),
    # 81: examples of what people type
    "C811": _error(
        "What was learnt from the examples is missing or cannot be read. Run: make learn",
        "Ce qui a été appris des exemples est absent ou illisible. Lancez : make learn",
    ),
    "C812": _error(
        "The examples have changed since they were learnt from. Run: make learn",
        "Les exemples ont changé depuis le dernier apprentissage. Lancez : make learn",
    ),
    "C813": _error(
        "There is no topic “{id}”, so this file of examples belongs to nothing.{hint}",
        "Il n’y a pas de sujet « {id} »; ce fichier d’exemples ne se rattache donc à rien.{hint}",
    ),
    "C814": _error(
        "This example stands in {other} too. An example can have one topic only.",
        "Cet exemple figure aussi dans {other}. Un exemple ne peut avoir qu’un seul sujet.",
    ),
    "C815": _error(
        "This example has {count} letters; at most 600 are read well. Make it shorter.",
        "Cet exemple compte {count} lettres; 600 au plus se lisent bien. Raccourcissez-le.",
    ),
    "C816": _error(
        "This file is not UTF-8 text. Save it as UTF-8.",
        "Ce fichier n’est pas du texte UTF-8. Enregistrez-le en UTF-8.",
    ),
    "C817": _warning(
        "The topic “{id}” has no examples here, so nobody who types finds it. Add this file.",
        "Le sujet « {id} » n’a pas d’exemples ici; on ne le trouve donc pas en tapant. Ajoutez ce"
        " fichier.",
    ),
    "C818": _error(
        "No topic can be called “{id}”: examples of that name are for something else. Rename it.",
        "Aucun sujet ne peut s’appeler « {id} » : les exemples de ce nom servent à autre chose."
        " Renommez-le.",
    ),
    # 82: the change log
    "C821": _error(
        "“{thing}” has changed, and nobody is told yet. Add an entry at the end of “changes”, then"
        ' write here: {thing}: "{digest}". To see what changed: cairn changes HEAD',
        "« {thing} » a changé, et personne ne le sait encore. Ajoutez une entrée à la fin de"
        ' « changes », puis écrivez ici : {thing}: "{digest}". Pour voir ce qui a changé : cairn'
        " changes HEAD",
    ),
    "C822": _error(
        "“{thing}” is new, and nobody is told yet. Add an entry at the end of “changes”, and this"
        ' line under “known”: {thing}: "{digest}"',
        "« {thing} » est nouveau, et personne ne le sait encore. Ajoutez une entrée à la fin de"
        ' « changes », et cette ligne sous « known » : {thing}: "{digest}"',
    ),
    "C823": _error(
        "There is nothing called “{thing}” in the guidance.{hint} If it was taken out, say so at"
        ' the end of “changes”, and write here: {thing}: "gone".',
        "Il n’y a rien qui s’appelle « {thing} » dans les orientations.{hint} Si cela a été retiré,"
        ' dites-le à la fin de « changes », et écrivez ici : {thing}: "gone".',
    ),
    "C824": _error(
        "This entry concerns “{thing}”, which is not under “known”.{hint} Write the id of a tree,"
        " topic:name, summary:name, office:name, or {whole}.",
        "Cette entrée concerne « {thing} », qui n’est pas sous « known ».{hint} Écrivez"
        " l’identifiant d’un arbre, topic:nom, summary:nom, office:nom, ou {whole}.",
    ),
    "C825": _error(
        "This entry is dated {on}, before the one above it ({last}). New entries come last: pinned"
        " summaries remember how far down the list they have told.",
        "Cette entrée est datée du {on}, avant celle qui la précède ({last}). Les nouvelles entrées"
        " viennent en dernier : les résumés épinglés retiennent où ils en sont dans la liste.",
    ),
    "C826": _error(
        "This entry is dated {on}, and today is {today}. Write the day on which the change was"
        " made.",
        "Cette entrée est datée du {on}, et nous sommes le {today}. Écrivez le jour où le"
        " changement a été fait.",
    ),
    "C827": _error(
        "This entry concerns nothing. Under “of”, name what changed, such as can_i_post or"
        " topic:learning.",
        "Cette entrée ne concerne rien. Sous « of », nommez ce qui a changé, par exemple can_i_post"
        " ou topic:learning.",
    ),
    # 9: what a person must still settle; listed on request only
    "C901": _open(
        "“{id}” has a French title or name that was not seen in an official text. Confirm it, then"
        " remove “fr_status”.",
        "« {id} » comporte un titre ou un nom français qui n’a pas été vu dans un texte officiel."
        " Confirmez-le, puis retirez « fr_status ».",
    ),
    "C902": _open(
        "The source “{id}” has no French address. Find it; until then people are told that the"
        " page is in English.",
        "La source « {id} » n’a pas d’adresse en français. Trouvez-la; d’ici là, on indique que la"
        " page est en anglais.",
    ),
    "C903": _open(
        "The source “{id}” was not read whole on its own site. Read it, then set extent: whole.",
        "La source « {id} » n’a pas été lue en entier sur son propre site. Lisez-la, puis écrivez"
        " extent: whole.",
    ),
    "C904": _open(
        "This version of the guidance ({version}) is not approved yet. Record the version, the two"
        " roles and the date in the organization’s file.",
        "Cette version des orientations ({version}) n’est pas encore approuvée. Inscrivez la"
        " version, les deux rôles et la date dans le fichier de l’organisation.",
    ),
    "C905": _open(
        "The organization gives no contact for the office “{id}”: people see only what the shared"
        " guidance says of it. Add one, or write “does_not_exist: true”.",
        "L’organisation ne donne aucune coordonnée pour le bureau « {id} » : on ne voit que ce"
        " qu’en disent les orientations communes. Ajoutez-en une, ou écrivez"
        " « does_not_exist: true ».",
    ),
    "C906": _open(
        "The organization has no office “{id}”: {instead_en}. Confirm that this is right.",
        "L’organisation n’a pas de bureau « {id} » : {instead_fr}. Confirmez que c’est bien cela.",
    ),
    "C907": _open(
        "The address of the course “{id}” follows the pattern of its catalogue; nobody has seen"
        " the page. Open it, then remove “url_status”; until then people are told.",
        "L’adresse du cours « {id} » suit le modèle du catalogue; personne n’a vu la page."
        " Ouvrez-la, puis retirez « url_status »; d’ici là, on l’indique.",
    ),
}
