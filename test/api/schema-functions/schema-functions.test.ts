// Functions that the build generates from the schemas of the API do what functions compiled at run time do.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  generateAll,
  type SchemaFunction,
  schemaFunctions,
} from '../../../src/api/schema-functions/schema-functions.js'
import { buildUnopenedApp } from '../../../src/api/unopened-app.js'
import { generatedFolder } from '../../../src/places.js'
import { mulberry32 } from '../../../testing/random.js'
import { sample } from '../large-requests.js'
import { type Schema, valuesOf } from './values.js'

const { TEST_SEED: seedText = '1' } = process.env
const seed = Number(seedText)
const rounds = 40

let folder: string
let shared: Record<string, Schema>
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'generated-'))
  const app = await buildUnopenedApp()
  shared = app.getSchemas() as Record<string, Schema>
  // most functions as the build has generated them, since that takes ten seconds, and some new ones
  if (existsSync(generatedFolder)) await cp(generatedFolder, folder, { recursive: true })
  for (const each of sample(mulberry32(seed), schemaFunctions(), 12)) {
    await rm(join(folder, each.file), { force: true })
  }
  await generateAll(folder)
  await app.close()
})
after(() => rm(folder, { recursive: true }))

test('every schema of the API has a generated function, and equal schemas have one', async () => {
  assert.deepEqual(
    (await readdir(folder)).toSorted(),
    schemaFunctions()
      .map(each => each.file)
      .toSorted(),
  )
  const texts = schemaFunctions().map(
    ({ compiler, schema }) => compiler.id + JSON.stringify(schema),
  )
  assert.equal(new Set(texts).size, texts.length)
})

test(`a generated function answers and refuses as a compiled one (seed ${seed})`, () => {
  const outcomes = { accepted: 0, refused: 0 }
  for (const each of schemaFunctions()) {
    const { compiler, schema } = each
    const [compiled, generated] = [compiler.compile(schema), each.load(folder)]
    for (let round = 0; round < rounds; round++) {
      // each gets values of its own: a validator changes what it checks
      const [one, other] = [0, 1].map(() =>
        valuesOf(schema as Schema, shared, mulberry32(seed * 1000 + round), round % 4),
      )
      const expected = outcome(compiled, one)
      assert.deepEqual(outcome(generated, other), expected, `${each.file}, round ${round}`)
      outcomes['thrown' in expected || expected.errors ? 'refused' : 'accepted']++
    }
  }
  assert.ok(outcomes.accepted > 300 && outcomes.refused > 300, JSON.stringify(outcomes))
})

/** What a validator or serializer makes of a value, and of the value itself. */
function outcome(made: unknown, value: unknown) {
  const call = made as { (value: unknown): unknown; errors?: unknown }
  try {
    return { answer: call(value), errors: call.errors, value }
  } catch (error) {
    return { thrown: String(error) }
  }
}

test('a generation keeps complete files, and removes files of other schemas', async () => {
  const other = join(folder, 'again')
  await mkdir(other)
  const [kept] = schemaFunctions() as [SchemaFunction]
  for (const each of schemaFunctions()) await cp(join(folder, each.file), join(other, each.file))
  await writeFile(join(other, kept.file), '// kept')
  await writeFile(join(other, 'of-an-older-schema.cjs'), '')
  await generateAll(other)
  assert.equal(await readFile(join(other, kept.file), 'utf8'), '// kept')
  assert.equal((await readdir(other)).length, schemaFunctions().length)
  await rm(other, { recursive: true })
})
