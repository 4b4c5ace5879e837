// The models of a whole deployment, as a user of the dashboard manages and tries them.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import {
  accessibilityFindings,
  needsBrowser,
  overflowPx,
  type Page,
  screenshot,
  testBrowser,
} from '../../testing/browser.js'
import { readMnist } from '../../testing/mnist.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { uploadTable } from './tables.js'

const run = promisify(execFile)

/** Names and values that would be elements if a page took them for markup. */
const markup = '<img src=x onerror=alert(1)>'
const fruits = [
  `weight,${markup},kind`,
  ...Array.from({ length: 60 }, (_, i) =>
    i % 2 === 0 ? `${100 + i},${markup},apple` : `${10 + i / 10},<b>blue</b>,berry`,
  ),
].join('\n')

describe('models in the dashboard', needsBrowser, () => {
  const browser = testBrowser({ after })
  let deployment: TestDeployment
  before(async () => {
    deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
    await uploadTable(deployment, 'fruits', fruits, 'kind')
    const { images, labels } = await readMnist('t10k', 200)
    await deployment.client.datasets.push('digits', [
      { name: 'images', content: new Blob([images as Uint8Array<ArrayBuffer>]) },
      { name: 'labels', content: new Blob([labels as Uint8Array<ArrayBuffer>]) },
    ])
  })
  after(() => deployment.close())

  const visit = (hash: string, work: (page: Page, expect: (error: RegExp) => void) => unknown) =>
    browser.visit(
      `${deployment.url}/#${hash}`,
      { key: deployment.key },
      async ({ page, expectError }) => void (await work(page, expectError)),
    )

  async function train(name: string, dataset: string, model: object, training?: object) {
    const job = await deployment.train({
      ...{ name, dataset, model },
      ...(training && { training }),
    } as Parameters<TestDeployment['train']>[0])
    assert.equal(job.status, 'succeeded', job.failure?.message)
  }

  test('a list without models says how to get one, and shows new ones at once', () =>
    visit('/models', async page => {
      await page.getByText('There are no models yet').waitFor()
      await train('fruits', 'fruits', { kind: 'boosting', rounds: 4 })
      await page.getByRole('rowheader', { name: 'fruits' }).waitFor()
      await train('fruits', 'fruits', { kind: 'boosting', rounds: 8 })
      await page.getByText('2 versions').waitFor()
      const digits = { kind: 'resnet', blocks: 1, filters: 4 }
      await train('digits', 'digits', digits, { steps: 10, batchSize: 16, validation: 0.5 })
      await page.getByRole('rowheader', { name: 'digits' }).waitFor()
      await page.getByRole('searchbox').fill('dig')
      await page.getByRole('rowheader', { name: 'fruits' }).waitFor({ state: 'detached' })
      assert.match(page.url(), /q=dig/)
      assert.deepEqual(await accessibilityFindings(page), [])
    }))

  test('an image is predicted and explained, and so is a drawing', () =>
    visit('/models/digits', async page => {
      const image = await deployment.client.datasets.image('digits', 0, { asPng: true })
      const answer = await deployment.client.models.predictImages('digits', image, { topK: '10' })
      await page.getByLabel('Image file').setInputFiles({
        name: `${markup}.png`,
        mimeType: 'image/png',
        buffer: Buffer.from(await image.arrayBuffer()),
      })
      const bars = page.getByRole('list', { name: 'Most probable classes' }).getByRole('listitem')
      await bars.first().waitFor()
      const shown = await bars.locator('.bar-label').allTextContents()
      assert.deepEqual(
        shown,
        answer.predictions[0]!.top!.map(({ label }) => label),
      )
      await page.getByText(`${markup}.png`).waitFor()

      await page.getByRole('button', { name: 'Explain', exact: true }).click()
      const map = page.getByRole('img', { name: `Heat map of the class ${shown[0]}` })
      await map.waitFor()
      assert.ok((await coloursOf(page)) > 50)
      await page.getByLabel('Class to explain').selectOption(shown[1]!)
      await page.getByRole('img', { name: `Heat map of the class ${shown[1]}` }).waitFor()
      await page.getByLabel('Method').selectOption('integratedGradients')
      await page.getByText('Gap of the sum').waitFor()
      assert.deepEqual(await accessibilityFindings(page), [])
      await screenshot(page, 'model-image')

      await page.getByRole('button', { name: 'Draw' }).click()
      await page.getByText('No image yet').waitFor()
      const box = (await page.getByRole('img', { name: 'Canvas to draw on' }).boundingBox())!
      await page.mouse.move(box.x + 140, box.y + 40)
      await page.mouse.down()
      await page.mouse.move(box.x + 140, box.y + 230, { steps: 5 })
      await page.mouse.up()
      await bars.first().waitFor()
    }))

  test('what is no image is refused in place of the prediction', () =>
    visit('/models/digits', async (page, expectError) => {
      expectError(/4\d\d .*predict/)
      await page.getByLabel('Image file').setInputFiles({
        name: 'words.png',
        mimeType: 'image/png',
        buffer: Buffer.from('no image'),
      })
      await page.getByRole('alert').waitFor()
      assert.equal(await page.getByRole('list', { name: 'Most probable classes' }).count(), 0)
    }))

  test('a row is predicted from a form with a field for each column, and explained', () =>
    visit('/models/fruits?version=2', async page => {
      const weight = page.getByLabel('weight')
      await weight.fill('heavy')
      await page.getByRole('button', { name: 'Predict' }).click()
      await page.getByText('heavy is no number').waitFor()
      await weight.fill('150')
      await page.getByLabel(markup).selectOption({ label: markup })
      await page.getByRole('button', { name: 'Predict' }).click()
      await page.locator('.predicted', { hasText: 'apple' }).waitFor()
      await weight.fill('12')
      await page.getByLabel(markup).selectOption({ label: '(missing)' })
      await page.getByRole('button', { name: 'Predict' }).click()
      await page.locator('.predicted', { hasText: 'berry' }).waitFor()
      const row = { weight: 12, [markup]: null }
      const { explanations } = await deployment.client.models.explainRows('fruits', [row], {
        version: '2',
      })
      const [largest] = Object.entries(explanations[0]!.contributions).sort(
        ([, a], [, b]) => Math.abs(b) - Math.abs(a),
      )
      const bars = page.getByRole('list', { name: 'Contributions of the columns' })
      assert.match((await bars.getByRole('listitem').first().textContent())!, /^(weight|<img)/)
      assert.ok((await bars.textContent())!.includes(String(Number(largest![1].toPrecision(3)))))
      await page.getByRole('button', { name: 'From the data set' }).click()
      await page.getByText(/^Row \d+ of fruits, whose kind is/).waitFor()
      assert.match(page.url(), /record=\d+/)
      assert.deepEqual(await accessibilityFindings(page), [])
      await screenshot(page, 'model-row')
    }))

  test('an alias is put, promoted under a condition and rolled back', () =>
    visit('/models/fruits?tab=aliases', async (page, expectError) => {
      expectError(/409 .*promote/)
      await page.getByRole('button', { name: 'Put an alias' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Alias').fill('production')
      await dialog.getByLabel('Names').selectOption('1')
      await dialog.getByRole('button', { name: 'Put', exact: true }).click()
      await page.getByRole('row', { name: /production version 1/ }).waitFor()

      await page.getByRole('button', { name: 'Promote' }).click()
      await dialog.getByLabel('Metric or field of condition 1').fill('tags.approved')
      await dialog.getByLabel('Comparison of condition 1').selectOption('=')
      await dialog.getByLabel('Value of condition 1').fill('yes')
      await dialog.getByRole('button', { name: 'Promote' }).click()
      await dialog.getByRole('alert').getByText('PROMOTION_REFUSED').waitFor()
      await deployment.client.models.annotate('fruits', 2, { tags: { approved: 'yes' } })
      await dialog.getByLabel('Reason').fill(markup)
      await dialog.getByRole('button', { name: 'Promote' }).click()
      await page.getByRole('row', { name: /production version 2/ }).waitFor()

      await page.getByRole('button', { name: 'Roll back to 1' }).click()
      await dialog.getByLabel('Reason').fill('too sweet')
      await dialog.getByRole('button', { name: 'Roll back to version 1' }).click()
      await page.getByRole('row', { name: /production version 1/ }).waitFor()
      await page.getByRole('button', { name: 'History' }).click()
      await page.getByText(`“${markup}”`).waitFor()
      await page.getByText('“too sweet”').waitFor()
      const alias = await deployment.client.aliases.get('fruits', 'production')
      assert.deepEqual([alias.version, alias.reason], [1, 'too sweet'])
      assert.deepEqual(await accessibilityFindings(page), [])
    }))

  test('the examples of commands and programs work as they are copied', () =>
    visit('/models/fruits?version=1&tab=use&by=alias+production', async page => {
      const env = { ...process.env, KEY: deployment.key }
      const curl = await page.getByRole('region', { name: 'curl example' }).textContent()
      const { stdout } = await run('bash', ['-c', curl!], { env })
      const answer = JSON.parse(stdout) as { version: number; predictions: { label: string }[] }
      assert.equal(answer.version, 1)
      await page.getByRole('button', { name: 'TypeScript' }).click()
      const program = await page.getByRole('region', { name: 'TypeScript example' }).textContent()
      const printed = await run(process.execPath, ['--input-type=module', '-e', program!], { env })
      assert.ok(printed.stdout.includes(`'${answer.predictions[0]!.label}'`))
      const file = page.waitForEvent('download')
      await page.getByRole('link', { name: 'XGBoost JSON' }).click()
      assert.equal((await file).suggestedFilename(), 'fruits-1.json')
    }))

  test('all parts of a model fit on a phone, in light and dark', async () => {
    const places = ['/models', ...['fruits', 'digits'].map(name => `/models/${name}`)]
    const tabs = ['card', 'versions', 'aliases', 'traffic', 'drift', 'use']
    for (const colorScheme of ['light', 'dark'] as const) {
      await browser.visit(
        `${deployment.url}/#/models`,
        { key: deployment.key, width: 390, colorScheme },
        async ({ page }) => {
          for (const hash of [...places, ...tabs.map(tab => `/models/digits?tab=${tab}`)]) {
            await page.goto(`${deployment.url}/#${hash}`)
            await page.getByRole('heading', { level: 1 }).waitFor()
            await page.locator('.page .card, .page table').first().waitFor()
            assert.equal(await overflowPx(page), 0, hash)
            assert.deepEqual(await accessibilityFindings(page), [], hash)
            await screenshot(page, `${hash.replace(/\W+/g, '-').slice(1)}-${colorScheme}-390`)
          }
        },
      )
    }
  })

  test('a version goes once nothing leads to it', () =>
    visit('/models/fruits?tab=versions', async (page, expectError) => {
      expectError(/409 .*models\/fruits/)
      await page.getByRole('button', { name: 'Delete version 1', exact: true }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
      await dialog.getByRole('alert').getByText("alias 'production' names version 1").waitFor()
      await dialog.getByLabel('Delete aliases and traffic that lead to it, too').check()
      await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByRole('row', { name: /^version 1 / }).waitFor({ state: 'detached' })
      const model = await deployment.client.models.get('fruits')
      assert.deepEqual([model.versions, model.aliases], [[2], []])
    }))
})

/** How many colours the heat map has. */
const coloursOf = (page: Page): Promise<number> =>
  page.evaluate(`(() => {
    const canvas = document.querySelector('.explained canvas')
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    return new Set(new Uint32Array(data.buffer)).size
  })()`)
