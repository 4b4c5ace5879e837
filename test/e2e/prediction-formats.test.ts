// Every body that has the same rows or images gets the same predictions, and every format of answers has the same
// numbers, to the last digit. pyarrow, pandas, NumPy and Pillow write the bodies and read the answers.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ModelContract } from '../../src/spec/model-contract.js'
import { needsDataWitnesses, runPython } from '../../testing/data-witnesses.js'
import { mnistSample } from '../../testing/mnist.js'
import { mulberry32 } from '../../testing/random.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { uploadTable } from './tables.js'

let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
})
after(() => deployment.close())

/** Functions that post a body and read an answer in any format, as `{ name: value }` of each prediction. */
const client = `
import sys, io, json, urllib.request
import numpy as np, pandas as pd, pyarrow as pa, pyarrow.csv, pyarrow.parquet

url, key, given = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])

def post(body, content_type, accept='application/json', query=''):
    headers = {'Authorization': 'Bearer ' + key, 'Content-Type': content_type, 'Accept': accept}
    request = urllib.request.Request(url + query, body, headers)
    return urllib.request.urlopen(request).read()

def predictions(*request):
    return json.loads(post(*request))['predictions']

STREAM, FILE = ('application/vnd.apache.arrow.' + form for form in ('stream', 'file'))
def ipc(table, form, options=None):
    sink = io.BytesIO()
    make = pa.ipc.new_stream if form == STREAM else pa.ipc.new_file
    with make(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=2)
    return sink.getvalue()

# by the names of columns; lists have a column for each entry
def flat(answer):
    def entry(prediction):
        found = {}
        for name, value in prediction.items():
            if name == 'explanations':
                for at, one in enumerate(value):
                    end = '' if len(value) == 1 else '.' + names(answer)[at]
                    found['margin' + end], found['bias' + end] = one['margin'], one['bias']
                    for column, shap in one['contributions'].items():
                        found['shap.' + column + end] = shap
            elif name == 'top':
                for rank, one in enumerate(value):
                    for part, of in one.items():
                        found['top.%s.%d' % (part, rank + 1)] = of
            elif isinstance(value, list):
                for item, of in zip(names(answer), value):
                    found[name + '.' + item] = of
            else:
                found[name] = value
        return found
    return [entry(each) for each in answer['predictions']]

def names(answer):
    return answer.get('labels') or [('%g' % each) for each in answer['quantiles']]

def from_arrow(content, labels):
    table = pa.ipc.open_stream(content).read_all()
    rows = []
    for row in table.to_pylist():
        found = {}
        for name, value in row.items():
            if not isinstance(value, list):
                found[name] = value
            else:
                items = range(1, len(value) + 1) if name.startswith('top.') else labels
                for item, of in zip(items, value):
                    found['%s.%s' % (name, item)] = of
        rows.append(found)
    return rows

def from_csv(content):
    columns = content.split(b'\\r\\n')[0].decode().split(',')
    texts = {name: str for name in columns if name.split('.')[-2:][0] == 'label'}
    frame = pd.read_csv(io.BytesIO(content), float_precision='round_trip', dtype=texts, keep_default_na=False)
    return [{name: value.item() if hasattr(value, 'item') else value for name, value in row.items()} for row in frame.to_dict('records')]

def answers(body, content_type, query):
    answer = json.loads(post(body, content_type, query=query))
    labels = names(answer) if 'labels' in answer or 'quantiles' in answer else []
    return {
        'json': flat(answer),
        'csv': from_csv(post(body, content_type, 'text/csv', query)),
        'arrow': from_arrow(post(body, content_type, STREAM, query), labels),
    }
`

const rowProgram = `${client}
rows, columns, categories = given['rows'], given['columns'], given['categories']
frame = pd.DataFrame(rows, columns=columns)
table = pa.table({
    'size': pa.array(frame['size'], pa.float64(), from_pandas=True),
    'rooms': pa.array([each['rooms'] for each in rows], pa.int8()),
    'garden': pa.array([each['garden'] for each in rows], pa.bool_()),
    'zone': pa.array([each['zone'] for each in rows], pa.string()),
})
coded = np.array([[
    np.nan if each[name] is None
    else categories.index(each[name]) if name == 'zone'
    else float(each[name]) for name in columns] for each in rows])
parquet = io.BytesIO()
pa.parquet.write_table(table, parquet, row_group_size=2)
csv = io.BytesIO()
pa.csv.write_csv(table, csv)
views = table.set_column(3, 'zone', table['zone'].dictionary_encode())
lz4 = pa.ipc.IpcWriteOptions(compression='lz4')
JSON = 'application/json'
instances = json.dumps({'instances': rows}).encode()
bodies = {
    'objects': predictions(instances, JSON),
    'arrays': predictions(json.dumps({'instances': [[each[name] for name in columns] for each in rows]}).encode(), JSON),
    'inputs': predictions(json.dumps({'inputs': {name: [each[name] for each in rows] for name in columns}}).encode(), JSON),
    'csv': predictions(csv.getvalue(), 'text/csv'),
    'stream': predictions(ipc(table, STREAM), STREAM),
    'file': predictions(ipc(views, FILE), FILE),
    'compressed': predictions(ipc(table, STREAM, lz4), STREAM),
    'parquet': predictions(parquet.getvalue(), 'application/vnd.apache.parquet'),
    'float64': predictions(coded.astype('<f8').tobytes(), 'application/octet-stream', JSON, '?dtype=float64&shape=%d,%d' % coded.shape),
    'float32': predictions(coded.astype('<f4').tobytes(), 'application/octet-stream', JSON, '?dtype=float32&shape=%d,%d' % coded.shape),
}
print(json.dumps({'bodies': bodies, 'answers': [answers(instances, JSON, query) for query in given['queries']]}))
`

const zones = ['east', 'north, far', 'west']

function houses(count: number) {
  const random = mulberry32(7)
  return Array.from({ length: count }, () => ({
    size: random() < 0.1 ? null : Math.round(20 + 1e6 * random()) / 1e4,
    rooms: 1 + Math.floor(6 * random()),
    garden: random() < 0.5,
    zone: zones[Math.floor(3 * random())]!,
  }))
}

const csvOf = (rows: ReturnType<typeof houses>, target: (row: (typeof rows)[number]) => string) =>
  `size,rooms,garden,zone,target\n${rows
    .map(row => `${row.size ?? ''},${row.rooms},${row.garden},"${row.zone}",${target(row)}\n`)
    .join('')}`

const objectives = [
  {
    objective: 'regression',
    target: ({ rooms, size }) => String(rooms * 3 + (size ?? 0)),
    queries: ['', '?explain=true'],
  },
  {
    objective: 'binary',
    target: ({ rooms }) => (rooms > 3 ? 'large' : 'small'),
    queries: ['', '?explain=true', '?topK=1'],
  },
  {
    objective: 'multiclass',
    target: ({ zone, rooms }) => (rooms > 4 ? 'big' : zone.slice(0, 4)),
    queries: ['', '?explain=true', '?topK=2&outputs=label,probabilities'],
  },
  {
    objective: 'quantile',
    target: ({ rooms }) => String(rooms + 0.5),
    queries: ['', '?explain=true'],
    quantile: [0.1, 0.5],
  },
] as const satisfies readonly {
  objective: string
  target(row: ReturnType<typeof houses>[number]): string
  queries: string[]
  quantile?: number[]
}[]

for (const { objective, target, queries, ...options } of objectives) {
  test(
    `rows in all formats get the same numbers in all formats: ${objective}`,
    needsDataWitnesses,
    async () => {
      await uploadTable(deployment, objective, csvOf(houses(300), target))
      const job = await deployment.train({
        name: objective,
        model: { kind: 'boosting', objective, rounds: 12, ...options },
        dataset: objective,
      })
      assert.equal(job.status, 'succeeded', job.failure?.message)
      const rows = houses(9)
      const contract = await contractOf(objective)
      assert.ok(contract.kind === 'rows')
      const columns = contract.columns.map(({ name }) => name)
      const { categories } = contract.columns.find(({ name }) => name === 'zone')!
      const given = { rows, columns, categories, queries }
      const { bodies, answers } = await run(rowProgram, objective, given)
      for (const [form, predictions] of Object.entries(bodies))
        assert.deepEqual(predictions, bodies.objects, form)
      assert.equal((bodies.objects as unknown[]).length, 9)
      checkAnswers(answers, queries)
      await checkExample(contract)
    },
  )
}

const imageProgram = `${client}
from PIL import Image
pixels = np.array(given['images'], np.uint8)
def file(image, form='PNG', **options):
    sink = io.BytesIO()
    Image.fromarray(image).save(sink, form, **options)
    return sink.getvalue()
import base64
def form(files):
    boundary = 'between'
    parts = b''.join(('--%s\\r\\nContent-Disposition: form-data; name="f%d"; filename="%d.png"\\r\\n\\r\\n' % (boundary, i, i)).encode() + content + b'\\r\\n' for i, content in enumerate(files))
    return parts + ('--%s--\\r\\n' % boundary).encode(), 'multipart/form-data; boundary=' + boundary
files = [file(each) for each in pixels]
count, height, width = pixels.shape
shape = '%d,%d,%d,1' % pixels.shape
JSON, OCTETS = 'application/json', 'application/octet-stream'
instances = json.dumps({'instances': pixels.tolist()}).encode()
lists = lambda dtype: pa.table({'pixels': pa.FixedSizeListArray.from_arrays(pa.array(pixels.ravel().astype(dtype)), height * width)})
bodies = {
    'arrays': predictions(instances, JSON),
    'inputs': predictions(json.dumps({'inputs': pixels[..., None].tolist()}).encode(), JSON),
    'b64': predictions(json.dumps({'instances': [{'b64': base64.b64encode(each).decode()} for each in files]}).encode(), JSON),
    'form': [{k: v for k, v in each.items() if k != 'name'} for each in predictions(*form(files))],
    'uint8': predictions(pixels.tobytes(), OCTETS, JSON, '?dtype=uint8&shape=' + shape),
    'float32': predictions(pixels.astype('<f4').tobytes(), OCTETS, JSON, '?dtype=float32&shape=' + shape),
    'binary': predictions(ipc(pa.table({'image': pa.array(files, pa.binary())}), STREAM), STREAM),
    'views': predictions(ipc(pa.table({'image': pa.array(files, pa.binary_view())}), FILE), FILE),
    'lists': predictions(ipc(lists(np.uint8), STREAM), STREAM),
    'float lists': predictions(ipc(lists(np.float32), FILE), FILE),
}
large = np.kron(pixels[0], np.ones((2, 2), np.uint8))
exif = Image.Exif()
exif[0x0112] = 6
odd = json.loads(post(*form([file(large), file(pixels[0], 'WEBP', lossless=True), file(pixels[0], 'GIF'), file(pixels[0], 'PNG', exif=exif)])))
print(json.dumps({
    'bodies': bodies,
    'answers': [answers(instances, JSON, query) for query in given['queries']],
    'notes': odd['notes'],
    'odd': [each['label'] for each in odd['predictions']],
}))
`

test('images in all formats get the same numbers in all formats', needsDataWitnesses, async () => {
  const files = await mnistSample(512)
  await deployment.client.datasets.push('digits', files)
  const job = await deployment.train({
    name: 'digits',
    model: { kind: 'resnet', block: 'bottleneck', blocks: 1, filters: 16 },
    dataset: 'digits',
    training: { steps: 10, batchSize: 32 },
  })
  assert.equal(job.status, 'succeeded', job.failure?.message)
  const pixels = Buffer.from(await files[0]!.content.arrayBuffer()).subarray(16)
  const images = Array.from({ length: 5 }, (_, image) =>
    Array.from({ length: 28 }, (_, y) => [
      ...pixels.subarray(784 * image + 28 * y, 784 * image + 28 * (y + 1)),
    ]),
  )
  const queries = ['', '?topK=3', '?outputs=logits,probabilities', '?outputs=label']
  const { bodies, answers, notes, odd } = await run(imageProgram, 'digits', { images, queries })
  for (const [form, predictions] of Object.entries(bodies))
    assert.deepEqual(predictions, bodies.arrays, form)
  checkAnswers(answers, queries)
  assert.equal(odd.length, 4)
  assert.deepEqual(
    notes.map(({ code }: { code: string }) => code),
    ['images_resized', 'images_turned', 'images_converted'],
  )
  assert.match(notes[0].message, /1 of 4 images is resized from 56 x 56 to 28 x 28/)
  assert.match(notes[1].message, /1 of 4 images .*predicted upright/)
  const contract = await contractOf('digits')
  assert.ok(contract.kind === 'images')
  assert.deepEqual(contract.preprocessing.orientation, 'exif')
  await checkExample(contract)
})

async function run(program: string, model: string, given: object) {
  const url = `${deployment.url}/models/${model}/predict`
  return JSON.parse(await runPython(program, url, deployment.key, JSON.stringify(given)))
}

function checkAnswers(answers: Record<string, unknown>[], queries: readonly string[]): void {
  for (const [i, { json, csv, arrow }] of answers.entries()) {
    assert.deepEqual(csv, json, `CSV of ${queries[i]}`)
    assert.deepEqual(arrow, json, `Arrow of ${queries[i]}`)
  }
}

const request = (path: string, init: RequestInit = {}) =>
  fetch(`${deployment.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${deployment.key}`, ...init.headers },
  })

async function contractOf(model: string): Promise<ModelContract> {
  const answer = await request(`/models/${model}/contract`)
  assert.equal(answer.status, 200)
  return (await answer.json()) as ModelContract
}

async function checkExample({ model, example }: ModelContract): Promise<void> {
  const answer = await request(`/models/${model}/predict`, {
    method: 'POST',
    headers: { 'content-type': example.contentType },
    body: JSON.stringify(example.body),
  })
  assert.equal(answer.status, 200, await answer.text())
}
