// Reads texts, one a line as JSON, and answers with what Microsoft's renderer makes of each:
// first its own functions (`{{DATE(...)}}`), then the Markdown parser that it is documented with.
import { createInterface } from "node:readline";
import markdownIt from "markdown-it";

import { formatText } from "adaptivecards/lib/text-formatters.js";

const parsers = { strict: markdownIt(), loose: markdownIt({ html: true }) };

for await (const line of createInterface({ input: process.stdin })) {
  const [parser, text] = JSON.parse(line);
  console.log(JSON.stringify(parsers[parser].render(formatText("en", text) ?? "")));
}
