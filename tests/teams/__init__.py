"""A fake Microsoft Teams for the tests: strict, with a memory, over real HTTP.

    from tests.teams import cards, faults, payloads, screen
    from tests.teams.fake import OTHER_TENANT, FakeTeams

    async with FakeTeams(stands_at=NOON) as fake:      # its clock stands; fake.clock.advance(4)
        # FakeTeams(login=login) signs each delivery; FakeTeams(bearer="...") wants that token
        fake.app_url = "http://127.0.0.1:8080/api/messages"
        alice = fake.person("alice", locale="fr-CA")   # also guest, tenant=OTHER_TENANT, installed
        await alice.install()                          # action="add-upgrade"; uninstall(), block()
        outcome = await alice.message("can I post?")   # status, body, json, seconds, failure
        await alice.edit(alice.sees()[0].message, "is it?")    # messageUpdate
        card = alice.card                              # the newest; alice.cards, alice.sees()
        assert "Can I post this?" in screen.text(card)     # also screen.buttons, links, inputs
        await alice.pick(card, "who", "employee")      # by id or label, then value or title
        await alice.type(card, "why", "because")       # alice.toggle(card, "sure")
        await alice.press(card, "Next")                # by title, verb, id, or `do`; nth=1
        await alice.press(card, "Next", old_client=True)   # Action.Submit of the fallback
        alice.reload()                                 # what answers to presses showed is lost
        await alice.press(card, "Open")                # a link: alice.opened; task/fetch:
        await alice.press(alice.dialog, "Send")        # None when closed; alice.told: words
        await alice.extension("check", context="message", html="<p>my draft</p>", at=team)

        team = fake.channel("team", alice, bob)        # fake.group("g", alice); bot=False
        # its people are told page by page: "members" among fake.calls and fake.faults
        await alice.mention(team, "help")              # thread=team.messages[0]; alice.say: untold
        await bob.press(team.messages[-1], "Start")    # each person has their own view of it
        assert screen.text(alice.whispers[-1])         # messages that only she sees
        await alice.install(team); await bob.join(team)
        general = fake.team("t", alice)                # its others: fake.channel("o", team=general)
        await alice.uninstall(team); await alice.delete_channel(team)    # told as of its team
        await fake.until(lambda: alice.cards)          # what the program does after its answer

        fake.faults.add("send", faults.limited("2"))   # status, reset, reset_after, stall, ...
        await fake.redeliver(outcome, new_id=True)     # as Teams retries
        await fake.send(b"...", fake.headers(aud="another"))   # forgeries: nothing is noted
        await fake.deliver(payloads.message(...), expect=False)    # a forged piece, well signed

        assert fake.violations == []   # what Teams, or we, would not have in a message or card
        assert fake.failures == []     # answers that were late, or none that Teams can use
        assert fake.limited == 0       # how often it was too much: 429
        assert fake.inserted == []     # cards that would go into somebody's compose box
        assert [call.kind for call in fake.calls] == [...]     # also .bearer, .status, .body

A `Shown` (a card in a chat, a dialog) belongs to one person and stays the same object while what
it shows changes; what was filled in is then lost, as in Teams. A person can only do what Teams'
client lets them do; anything else raises `RefusedError`. Rates are limited as Teams does, on the
clock of the fake: where that stands, an eighth message in a conversation waits for
`clock.advance(1)`; a tenant takes 30 a second. `FakeTeams(rates=False)` switches them off. What
pins messages in chats is in `graph`.
"""
