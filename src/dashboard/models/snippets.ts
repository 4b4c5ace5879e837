import type { ModelContract } from '../../spec/model-contract.js'
import type { Choice } from './use-model.js'

export interface Snippet {
  title: string
  text: string
}

/** How to predict with a model from a command line or a program. The key stands in the variable KEY. */
export function snippetsOf(contract: ModelContract, choice: Choice, server: string): Snippet[] {
  const query = new URLSearchParams(choice as Record<string, string>).toString()
  const path = `/models/${contract.model}/predict${query && `?${query}`}`
  const url = server + path
  return contract.kind === 'images'
    ? imageSnippets(contract, choice, server, url)
    : rowSnippets(contract, choice, server, url)
}

type Images = Extract<ModelContract, { kind: 'images' }>
type Rows = Extract<ModelContract, { kind: 'rows' }>

const imageSnippets = (contract: Images, choice: Choice, server: string, url: string) => [
  {
    title: 'curl',
    text: `curl -s ${shell(url)} \\
  -H "Authorization: Bearer $KEY" \\
  -H 'Content-Type: image/png' \\
  --data-binary @image.png`,
  },
  {
    title: 'Python',
    text: `import os
import requests

with open('image.png', 'rb') as file:
    answer = requests.post(
        ${python(url)},
        headers={'Authorization': 'Bearer ' + os.environ['KEY'], 'Content-Type': 'image/png'},
        data=file,
    )
answer.raise_for_status()
best = answer.json()['predictions'][0]
print(best['label'], best['probability'])`,
  },
  {
    title: 'TypeScript',
    text: `import { readFile } from 'node:fs/promises'
import { env } from 'node:process'

const answer = await fetch(${script(url)}, {
  method: 'POST',
  headers: { authorization: \`Bearer \${env.KEY}\`, 'content-type': 'image/png' },
  body: await readFile('image.png'),
})
if (!answer.ok) throw new Error(await answer.text())
const { predictions } = await answer.json()
console.log(predictions[0].label, predictions[0].probability)`,
  },
  {
    title: 'tritonclient',
    text: `import os
import numpy
import tritonclient.http as triton

${tritonClient(server)}
with open('image.png', 'rb') as file:
    files = numpy.array([file.read()], dtype=object)
images = triton.InferInput('images', [1], 'BYTES')
images.set_data_from_numpy(files)
${tritonInfer(contract.model, choice, '[images]')}
print(answer.as_numpy('labels'), answer.as_numpy('probabilities'))`,
  },
]

function rowSnippets(contract: Rows, choice: Choice, server: string, url: string): Snippet[] {
  const { instances } = contract.example.body as { instances: Record<string, unknown>[] }
  const body = { instances: instances.slice(0, 1) }
  const json = JSON.stringify(body, null, 2)
  return [
    {
      title: 'curl',
      text: `curl -s ${shell(url)} \\
  -H "Authorization: Bearer $KEY" \\
  -H 'Content-Type: application/json' \\
  -d ${shell(json)}`,
    },
    {
      title: 'Python',
      text: `import json
import os
import requests

body = json.loads(r"""${json}""")
answer = requests.post(
    ${python(url)},
    headers={'Authorization': 'Bearer ' + os.environ['KEY']},
    json=body,
)
answer.raise_for_status()
print(answer.json()['predictions'][0])`,
    },
    {
      title: 'TypeScript',
      text: `import { env } from 'node:process'

const body = ${json}
const answer = await fetch(${script(url)}, {
  method: 'POST',
  headers: { authorization: \`Bearer \${env.KEY}\`, 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
if (!answer.ok) throw new Error(await answer.text())
const { predictions } = await answer.json()
console.log(predictions[0])`,
    },
    {
      title: 'tritonclient',
      text: tritonRows(contract, choice, server, instances[0] ?? {}),
    },
  ]
}

/** One input for each column: texts as BYTES, all others as FP64. */
function tritonRows(
  { model, columns, offset, outputs }: Rows,
  choice: Choice,
  server: string,
  row: Record<string, unknown>,
): string {
  const names = [...columns.map(({ name }) => name), ...(offset === null ? [] : [offset])]
  const types = new Map(columns.map(({ name, type }) => [name, type]))
  const cells = names
    .filter(name => row[name] !== undefined && row[name] !== null)
    .map(name => `    ${python(name)}: ${cell(row[name], types.get(name) === 'category')},`)
  return `import os
import numpy
import tritonclient.http as triton

row = {
${cells.join('\n')}
}
inputs = []
for name, value in row.items():
    is_text = isinstance(value, str)
    values = numpy.array([value.encode() if is_text else value], dtype=object if is_text else 'float64')
    one = triton.InferInput(name, [1], 'BYTES' if is_text else 'FP64')
    one.set_data_from_numpy(values)
    inputs.append(one)
${tritonClient(server)}
${tritonInfer(model, choice, 'inputs')}
print(${outputs.map(({ name }) => `answer.as_numpy(${python(name)})`).join(', ')})`
}

function cell(value: unknown, isText: boolean): string {
  if (isText) return python(String(value))
  return typeof value === 'boolean' ? String(Number(value)) : String(value)
}

function tritonClient(server: string): string {
  const { host, pathname, protocol } = new URL(server)
  const address = `${host}${pathname.replace(/\/$/, '')}`
  return `headers = {'Authorization': 'Bearer ' + os.environ['KEY']}
client = triton.InferenceServerClient(${python(address)}${protocol === 'https:' ? ', ssl=True' : ''})`
}

/** In this protocol an alias stands where the version does. */
function tritonInfer(model: string, choice: Choice, inputs: string): string {
  const version = Object.values(choice)[0]
  const named = version === undefined ? '' : `, model_version=${python(version)}`
  return `answer = client.infer(${python(model)}, ${inputs}${named}, headers=headers)`
}

/** A text between single quotes, whatever it has in it. */
const shell = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
const script = (text: string) =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\r', '\\r')}'`
const python = script
