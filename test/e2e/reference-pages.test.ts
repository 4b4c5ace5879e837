// Runs the commands of the pages that explain one thing each, on a server that has what they name: data sets of flowers,
// wines, houses and digits, with a model of each.
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { copyFile, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { JobRequest } from '../../src/spec/job.js'
import { needsDataWitnesses, runPython } from '../../testing/data-witnesses.js'
import { blocksRunBy } from '../../testing/doc-blocks.js'
import { TestDeployment } from '../../testing/test-deployment.js'

const pages = [
  'docs/batch-prediction.md',
  'docs/boosting.md',
  'docs/data-sources.md',
  'docs/datasets.md',
  'docs/derived-datasets.md',
  'docs/events.md',
  'docs/explanations.md',
  'docs/jobs.md',
  'docs/metrics.md',
  'docs/models.md',
  'docs/monitoring.md',
  'docs/predict.md',
  'docs/proxy.md',
  'docs/training.md',
  'docs/watching.md',
]

/** A command that the server refuses fails. A stream that never ends is read for two seconds. */
const prelude = `
curl() {
  case "$*" in
    *" -N "*|*-sN*) command curl --fail-with-body --max-time 2 "$@" || [ $? = 28 ] ;;
    *) command curl --fail-with-body "$@" ;;
  esac
}
`

const makeFiles = `
import gzip, os, sys, zipfile
import numpy
from PIL import Image
rng = numpy.random.default_rng(1)
for label, colour in [("roses", (200, 40, 60)), ("tulips", (230, 180, 40))]:
    os.makedirs(f"flowers/{label}")
    for i in range(24):
        noise = rng.integers(0, 40, (40, 48, 3)) + numpy.array(colour) - 20
        Image.fromarray(noise.clip(0, 255).astype("uint8")).save(f"flowers/{label}/{i}.jpg")
Image.open("flowers/roses/3.jpg").rotate(90).save("new.jpg")
with zipfile.ZipFile("images.zip", "w") as images, open("labels.csv", "w") as labels:
    labels.write("file,label,garden\\n")
    for label in ["roses", "tulips"]:
        for i in range(10):
            images.write(f"flowers/{label}/{i}.jpg", f"{label}-{i}.jpg")
            labels.write(f"{label}-{i}.jpg,{label},g{i % 5}\\n")
pixels = rng.integers(0, 256, (200, 28, 28)).astype("uint8")
labels = (numpy.arange(200) % 10).astype("uint8")
numpy.savez("mnist.npz", x_train=pixels, y_train=labels, x_test=pixels[:50], y_test=labels[:50])
numpy.save("images.npy", pixels[:60, :, :, None].repeat(3, 3))
numpy.save("labels.npy", labels[:60])
with gzip.open("train-images-idx3-ubyte.gz", "wb") as f:
    f.write(bytes([0, 0, 8, 3, 0, 0, 0, 200, 0, 0, 0, 28, 0, 0, 0, 28]) + pixels.tobytes())
with gzip.open("train-labels-idx1-ubyte.gz", "wb") as f:
    f.write(bytes([0, 0, 8, 1, 0, 0, 0, 200]) + labels.tobytes())
Image.fromarray(pixels[0]).save("digit.png")
pixels[:2].tofile("pixels")
rng.random((100, 10)).astype("<f4").tofile("rows")
with open("wetter.csv", "w") as f:
    f.write("temp;rain\\n" + "".join(f"{i},5;{'--' if i % 9 == 0 else i % 3}\\n" for i in range(60)))
with open("test/data/wine.csv") as f, open("wine.csv", "w") as wine:
    wine.write(f.read().replace("target", "quality", 1))
`

const uploads = `
idx="-F images=@train-images-idx3-ubyte.gz -F labels=@train-labels-idx1-ubyte.gz"
(cd flowers && zip -qr ../stage.zip .)
for name in mnist mnist-test; do curl -sS $URL/datasets -H "$AUTH" -F name=$name $idx; done
curl -sS $URL/datasets -H "$AUTH" -F name=flowers -F file=@stage.zip
curl -sS $URL/datasets -H "$AUTH" -F name=wine -F target=quality -F file=@wine.csv
for name in houses diabetes; do
  curl -sS $URL/datasets -H "$AUTH" -F name=$name -F target=target -F file=@test/data/diabetes.csv
done
head -100 test/data/diabetes.csv | curl -sS $URL/datasets -H "$AUTH" -F name=houses-2026 -F target=target -F file=@-
`

const aliases = `
put() { curl -sS -X PUT $URL/models/$1/aliases/production -H "$AUTH" --json "{\\"version\\": $2}"; }
put digits 1; put digits 2; put houses 1
`

const missing = ['curl', 'jq', 'zip', 'zstd'].filter(tool => spawnSync(tool, ['--version']).error)
const skip =
  missing.length > 0 ? `${missing.join(' and ')} are not installed here` : needsDataWitnesses.skip

describe('the commands of the reference pages', { skip }, () => {
  let deployment: TestDeployment
  let folder: string
  let variables: Record<string, string>
  before(async () => {
    deployment = await TestDeployment.open()
    folder = await mkdtemp(join(tmpdir(), 'reference-'))
    for (const name of ['test', 'examples', 'node_modules'])
      await symlink(join(process.cwd(), name), join(folder, name))
    await runPython(`import os; os.chdir("${folder}")\n${makeFiles}`)
    variables = { URL: deployment.url, AUTH: `Authorization: Bearer ${deployment.key}` }
    await run(uploads)
    await copyShards()
    await trainModels()
    await run(aliases)
  })
  after(async () => {
    await deployment.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** TFRecord files with flowers: those that the server has written. */
  async function copyShards(): Promise<void> {
    const { stdout } = await run('curl -sS $URL/datasets/flowers -H "$AUTH"')
    const shards = join(deployment.folder, 'datasets', JSON.parse(stdout).id, 'shards')
    const names = (await readdir(shards)).filter(name => name.endsWith('.tfrecord'))
    for (const name of ['part-0', 'part-1', 'crawl', 'flowers']) {
      const target = join(folder, `${name}.tfrecord`)
      await copyFile(join(shards, names[0]!), target)
    }
  }

  async function trainModels(): Promise<void> {
    const network = { kind: 'resnet', depth: 8 } as const
    const training = {
      steps: 4,
      batchSize: 16,
      validation: 0.2,
      learningRate: { schedule: 'oneCycle', peak: 0.01 },
    } as const
    const digits: JobRequest = { name: 'digits', model: network, dataset: 'mnist', training }
    const trees = { kind: 'boosting', rounds: 5 } as const
    const requests: JobRequest[] = [
      { ...digits, labels: { sweep: 'lr' } },
      { ...digits, training: { ...training, seed: 2 } },
      { ...digits, training: { ...training, seed: 3 } },
      { ...digits, name: 'flowers', dataset: 'flowers' },
      { name: 'wine', model: trees, dataset: 'wine' },
      { name: 'houses', model: trees, dataset: 'houses' },
      { name: 'progression', model: trees, dataset: 'diabetes' },
    ]
    const jobs = []
    for (const request of requests) {
      const job = await deployment.train(request)
      assert.equal(job.status, 'succeeded', JSON.stringify(job.failure))
      jobs.push(job.id)
    }
    Object.assign(variables, { JOB: jobs[0], OTHER: jobs[1], JOB1: jobs[0], JOB2: jobs[1] })
    const { stdout } = await run('curl -sS "$URL/events?format=json" -H "$AUTH"')
    variables.LAST = JSON.parse(stdout).lastEventId
  }

  const run = (script: string) =>
    promisify(execFile)('bash', ['-euxo', 'pipefail', '-c', prelude + script], {
      cwd: folder,
      env: { ...process.env, ...variables },
      maxBuffer: 64 << 20,
    })

  for (const page of pages) {
    test(`every command of ${page} works`, async () => {
      for (const { line, code } of blocksRunBy('test/e2e/reference-pages.test.ts', page)) {
        await run(code).catch(error => {
          throw new Error(`${page}:${line}: ${error.stdout}\n${error.stderr}`)
        })
      }
    })
  }
})
