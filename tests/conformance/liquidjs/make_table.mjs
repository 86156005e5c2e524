// Writes table.json: what the engine LiquidJS prints for each row of inputs.json.
//
// The engine is no dependency of this project. To make the table again:
//
//     npm install --prefix FOLDER liquidjs
//     TZ=UTC node tests/conformance/liquidjs/make_table.mjs FOLDER/node_modules/liquidjs
//
// A result is the printed text; null if the engine reports an error. Values are as JSON.parse reads them.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

const folder = resolve(process.argv[2])
const { Liquid } = createRequire(import.meta.url)(folder)
const engine = new Liquid({ locale: 'en-US' })
const here = new URL('.', import.meta.url)
const inputs = JSON.parse(readFileSync(new URL('inputs.json', here), 'utf8'))

function render (call, value) {
  try {
    return engine.parseAndRenderSync(`{{ value${call && ` | ${call}`} }}`, { value, list: [1, 'x'] })
  } catch (error) {
    return null
  }
}

const rows = (calls, values) => Object.fromEntries(calls.map(call => [call, values.map(value => render(call, value))]))
const table = {
  liquidjs: JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')).version,
  filters: rows(inputs.calls, inputs.values),
  missing: rows([...inputs.calls, ...inputs.date_calls], [undefined]),
  dates: rows(inputs.date_calls, inputs.dates),
  directives: rows(inputs.directives.map(directive => `date: '${directive}'`), inputs.moments)
}
const lines = Object.entries(table).map(([name, group]) => typeof group === 'string'
  ? ` ${JSON.stringify(name)}: ${JSON.stringify(group)}`
  : ` ${JSON.stringify(name)}: {\n${Object.entries(group).map(([call, results]) => `  ${JSON.stringify(call)}: ${JSON.stringify(results)}`).join(',\n')}\n }`)
writeFileSync(new URL('table.json', here), `{\n${lines.join(',\n')}\n}\n`)
