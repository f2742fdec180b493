// Draws cards with Microsoft's renderer, looking much as in Teams, and keeps what is pressed.
import { AdaptiveCard, GlobalSettings, HostConfig, SerializationContext, Versions } from "adaptivecards";
import markdownIt from "markdown-it";

const markdown = markdownIt();
AdaptiveCard.onProcessMarkdown = (text, result) => {
  result.outputHtml = markdown.render(text);
  result.didProcess = true;
};
// Teams leaves out what is too much; it does not put it behind a button.
GlobalSettings.allowMoreThanMaxActionsInOverflowMenu = false;

// Measures, colours and sizes as in Teams, of which Microsoft's Agents Playground shows a copy.
const colors = (text, subtle, accent) => {
  const every = { default: text, subtle };
  return { default: every, dark: every, light: every, good: every, warning: every, attention: every,
    accent: { default: accent, subtle: accent } };
};
const THEMES = {
  light: { back: "#ffffff", ...colors("#252424", "#bf252424", "#6264a7") },
  dark: { back: "#2d2c2c", ...colors("#ffffff", "#b2ffffff", "#a6a7dc") },
};

const config = ({ back, ...foregroundColors }) =>
  new HostConfig({
    spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
    fontFamily: "'Segoe UI', 'Liberation Sans', sans-serif",
    fontSizes: { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 },
    fontWeights: { lighter: 200, default: 400, bolder: 600 },
    textStyles: { heading: { size: "large", weight: "bolder" } },
    textBlock: { headingLevel: 2 },
    inputs: { label: { requiredInputs: { weight: "bolder" }, optionalInputs: { weight: "bolder" } } },
    containerStyles: {
      default: { backgroundColor: back, foregroundColors },
      emphasis: { backgroundColor: back, foregroundColors },
    },
    actions: {
      maxActions: 6,
      buttonSpacing: 8,
      actionsOrientation: "horizontal",
      actionAlignment: "left",
    },
    supportsInteractivity: true,
  });

window.pressed = [];

/** Draw a card, and tell what the renderer finds wrong with it. */
window.draw = (payload, theme, width) => {
  const place = document.getElementById("place");
  document.documentElement.lang = payload.lang;
  document.body.className = theme;
  place.style.width = `${width}px`;
  const card = new AdaptiveCard();
  const context = new SerializationContext(Versions.v1_5);
  card.hostConfig = config(THEMES[theme]);
  card.onExecuteAction = (action) => {
    window.pressed.push({ type: action.getJsonTypeName(), verb: action.verb, data: action.data });
  };
  card.parse(payload, context);
  place.replaceChildren(card.render());
  const found = [...Array(context.eventCount).keys()].map((at) => context.getEventAt(at));
  const failures = card.validateProperties().validationEvents;
  return [...found, ...failures].map((event) => event.message);
};
