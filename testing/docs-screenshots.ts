// Draws docs/images: the dashboard of a real server after three real jobs, in light and dark colours.
// `npm run docs:screenshots` runs it, after changes of the dashboard that readers of the guide should see.
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { packageFolder } from '../src/places.js'
import { launchBrowser, type Page, startSession } from './browser.js'
import { mnistSample } from './mnist.js'
import { TestDeployment } from './test-deployment.js'

const folder = join(packageFolder, 'docs', 'images')
const maxBytes = 150 * 1024

interface Shot {
  name: string
  hash: string
  /** Waits until the view shows what it should. */
  prepare: (page: Page) => Promise<void>
}

const deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
const browser = await launchBrowser()
try {
  const shots = shotsOf(await trainModels())
  await mkdir(folder, { recursive: true })
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({
      viewport: { width: 1200, height: 760 },
      colorScheme,
      locale: 'en-GB',
      timezoneId: 'UTC',
      reducedMotion: 'reduce',
    })
    await startSession(context, deployment.url, deployment.key)
    for (const { name, hash, prepare } of shots) {
      const page = await context.newPage()
      await page.goto(`${deployment.url}/#${hash}`)
      await prepare(page)
      // curves are drawn after the frame in which their data come
      await page.evaluate('new Promise(done => requestAnimationFrame(() => setTimeout(done, 300)))')
      const path = join(folder, `${name}-${colorScheme}.png`)
      await page.screenshot({ path })
      const { size } = await stat(path)
      if (size > maxBytes) throw new Error(`${path} has ${size} bytes, more than ${maxBytes}`)
      console.log(`${path}: ${size} bytes`)
      await page.close()
    }
    await context.close()
  }
} finally {
  await browser.close()
  await deployment.close()
}

/** Three jobs that differ in one setting, as in docs/guide/follow.md. Returns their ids. */
async function trainModels(): Promise<string[]> {
  const { client } = deployment
  await client.datasets.push('mnist', await mnistSample(4000))
  const ids = []
  for (const learningRate of [0.0003, 0.001, 0.003]) {
    const job = await client.jobs.submit({
      name: `rate-${learningRate}`,
      dataset: 'mnist',
      model: { kind: 'resnet', depth: 8 },
      labels: { sweep: 'rate' },
      training: { steps: 120, learningRate, validation: 0.2, validateEvery: 20 },
    })
    const ended = await deployment.waitForEnd(job)
    if (ended.status !== 'succeeded') throw new Error(JSON.stringify(ended.failure))
    ids.push(job.id)
  }
  // the first prediction of a model loads it, and its time is in the picture
  await client.models.predict('rate-0.003', new Blob([await seven()], { type: 'image/png' }))
  return ids
}

function shotsOf(ids: readonly string[]): Shot[] {
  return [
    {
      name: 'job',
      hash: `/jobs/${ids[2]}`,
      prepare: page => page.locator('canvas').first().waitFor(),
    },
    {
      name: 'compare',
      hash: `/compare?jobs=${ids.join(',')}`,
      prepare: page => page.locator('canvas').first().waitFor(),
    },
    { name: 'model', hash: '/models/rate-0.003', prepare: tryImage },
  ]
}

async function tryImage(page: Page): Promise<void> {
  await page.getByLabel('Image file').setInputFiles({
    name: 'seven.png',
    mimeType: 'image/png',
    buffer: await seven(),
  })
  await page.getByRole('list', { name: 'Most probable classes' }).waitFor()
  await page.getByRole('button', { name: 'Explain', exact: true }).click()
  await page.getByRole('img', { name: /^Heat map/ }).waitFor()
}

function seven(): Promise<Buffer<ArrayBuffer>> {
  return readFile(join(packageFolder, 'examples', 'seven.png')) as Promise<Buffer<ArrayBuffer>>
}
