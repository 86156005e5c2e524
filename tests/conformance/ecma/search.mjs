// Reads pairs of a pattern and texts, as JSON, and prints for each pair the texts in which the pattern is found:
// null for a syntax error, else true or false for each text.
import { readFileSync } from "node:fs";

const pairs = JSON.parse(readFileSync(0, "utf-8"));

function found([pattern, texts]) {
  let expression;
  try {
    expression = new RegExp(pattern, "u");
  } catch {
    return null;
  }
  return texts.map((text) => expression.test(text));
}

process.stdout.write(JSON.stringify(pairs.map(found)));
