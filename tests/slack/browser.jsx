// Draws blocks as Slack does, for pictures and for what a screen reader is told.
import React from "react";
import { createRoot } from "react-dom/client";
import { flushSync } from "react-dom";
import { Message } from "slack-blocks-to-jsx";
import "slack-blocks-to-jsx/dist/style.css";

window.draw = (blocks, theme, width) => {
  document.body.className = theme;
  const place = document.getElementById("place");
  place.style.width = `${width}px`;
  const root = createRoot(place);
  flushSync(() =>
    root.render(
      <Message
        blocks={blocks}
        logo="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"
        name="Cairn"
        theme={theme}
      />,
    ),
  );
};
