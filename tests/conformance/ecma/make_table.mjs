// Writes table.json: for each pattern of inputs.json, the texts in which node's engine finds it, with the flag `u`.
// A digit for each text: 1 if it is found. A pattern that is a syntax error has null.
// Run it by `node make_table.mjs` in this folder, with node 20 or newer.
import { readFileSync, writeFileSync } from "node:fs";

const inputs = JSON.parse(readFileSync("inputs.json", "utf-8"));

function row(pattern) {
  let expression;
  try {
    expression = new RegExp(pattern, "u");
  } catch {
    return null;
  }
  return inputs.texts.map((text) => (expression.test(text) ? "1" : "0")).join("");
}

const rows = [...inputs.patterns, ...inputs.refused].map((pattern) => [pattern, row(pattern)]);
writeFileSync("table.json", JSON.stringify(Object.fromEntries(rows), null, 1) + "\n");
