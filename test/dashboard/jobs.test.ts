// The table of jobs, as a user filters, follows, arranges and acts on it.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  accessibilityFindings,
  needsBrowser,
  overflowPx,
  type Page,
  screenshot,
  testBrowser,
  type Visit,
  type VisitOptions,
} from '../../testing/browser.js'
import { eventually } from '../../testing/eventually.js'
import { smallJob, startServer, type TestServer, uploadDataset } from '../../testing/test-server.js'
import { appendMetrics, endJob, publishProgress, startJob } from '../api/attempts.js'

describe('the table of jobs', needsBrowser, () => {
  const browser = testBrowser({ after })
  let server: TestServer
  before(async () => {
    server = await startServer()
    await uploadDataset(server)
  })
  after(() => server.close())

  const visit = (
    place: string,
    work: (visit: Visit) => Promise<void>,
    options: VisitOptions = {},
  ) => browser.visit(`${server.url}/${place}`, { key: server.key, ...options }, work)

  /** The names in the table, from top to bottom. */
  const names = (page: Page): Promise<string[]> =>
    page.locator('.jobs-table tbody tr[data-index] th').allTextContents()
  const untilNames = (page: Page, expected: string[]) =>
    eventually('the rows', async () => {
      assert.deepEqual(await names(page), expected)
      return true
    })
  const row = (page: Page, name: string) =>
    page.locator('.jobs-table tbody tr', { has: page.getByRole('link', { name, exact: true }) })

  async function submit(name: string, more: object = {}): Promise<string> {
    const { body, status } = await server.api.post('/jobs').send({ ...smallJob, ...more, name })
    assert.equal(status, 202, body.detail)
    return body.id
  }

  test('without jobs, it says how to get the first one', () =>
    visit('#/jobs', async ({ page }) => {
      await page.getByText('No jobs yet').waitFor()
      await page.getByRole('link', { name: 'Upload a data set' }).waitFor()
      assert.deepEqual(await accessibilityFindings(page), [])
    }))

  test('a condition on a metric filters, a title sorts, and the address repeats both', async () => {
    const good = await submit('good', { labels: { team: 'vision' } })
    const better = await submit('better', { training: { ...smallJob.training, seed: 7 } })
    await submit('waiting')
    for (const id of [good, better]) await startJob(server, id)
    await appendMetrics(server, good, [1, 2])
    await endJob(server, good, { validationAccuracy: 0.5 })
    await endJob(server, better, { validationAccuracy: 0.75 })
    await visit('#/jobs', async ({ page }) => {
      await untilNames(page, ['waiting', 'better', 'good'])
      const box = page.getByRole('combobox', { name: 'Filter jobs' })
      await page.keyboard.press('/')
      await page.keyboard.type('validationAccuracy > 0.6')
      await page.getByRole('option', { name: 'validationAccuracy > 0.6 (last value)' }).click()
      await untilNames(page, ['better'])
      await page.reload()
      await untilNames(page, ['better'])
      await page.getByRole('button', { name: 'Remove the filter' }).click()
      await untilNames(page, ['waiting', 'better', 'good'])

      await page.getByRole('button', { name: /^Name/ }).click()
      await untilNames(page, ['better', 'good', 'waiting'])
      assert.match(page.url(), /sort=name/)
      await page.getByRole('button', { name: /^State/ }).click({ modifiers: ['Shift'] })
      assert.match(page.url(), /sort=name%2Cstatus/)

      await row(page, 'good').getByTitle('Show only label team:vision').click()
      await untilNames(page, ['good'])
      await box.focus()
      await page.keyboard.press('Backspace')
      await untilNames(page, ['better', 'good', 'waiting'])
      assert.deepEqual(await accessibilityFindings(page), [])
      await screenshot(page, 'jobs')
    })
  })

  test('progress and states are live, and a star is a label', async () => {
    const id = await submit('live')
    await startJob(server, id)
    await visit('#/jobs', async ({ page }) => {
      const live = row(page, 'live')
      await live.getByText('running').waitFor()
      await publishProgress(server, id, smallJob.training.steps / 2)
      await live.getByText('50 %').waitFor()
      await live.getByRole('button', { name: 'Star live' }).click()
      await eventually('the star', async () => {
        const { body } = await server.api.get(`/jobs/${id}`)
        return body.labels.starred === 'yes'
      })
      await endJob(server, id)
      await live.getByText('succeeded').waitFor()
      await visit('#/jobs?label=starred:yes', async ({ page: other }) => {
        await untilNames(other, ['live'])
      })
    })
  })

  test('columns are chosen, moved by keyboard, and kept', () =>
    visit('#/jobs', async ({ page }) => {
      await page.getByRole('button', { name: 'Columns' }).click()
      await page.getByRole('checkbox', { name: 'seed (training)' }).check()
      await page.getByRole('spinbutton', { name: 'Step' }).fill('1')
      await page.getByRole('combobox', { name: 'Metric' }).selectOption('loss')
      await page.getByRole('button', { name: 'Add column' }).click()
      assert.deepEqual(await accessibilityFindings(page), [])
      await page.keyboard.press('Escape')
      const titles = () => page.locator('.jobs-table .column-title > span').allTextContents()
      assert.deepEqual((await titles()).slice(-2), ['seed', 'Loss'])
      await row(page, 'better').getByRole('button', { name: '7', exact: true }).waitFor()
      // the loss at step 1 is that of the log, not of the end
      await row(page, 'good').locator('td').last().scrollIntoViewIfNeeded()
      await row(page, 'good').getByTitle('at step 1').waitFor()

      await page.getByRole('button', { name: /^seed/ }).press('Alt+ArrowLeft')
      assert.equal((await titles()).at(-3), 'seed')
      const edge = page.getByRole('separator', { name: 'Width of Name' })
      await edge.press('ArrowRight')
      assert.equal(await edge.getAttribute('aria-valuenow'), '240')
      const order = await titles()
      await page.goto(`${server.url}/#/models`)
      await page.goto(`${server.url}/#/jobs`)
      await row(page, 'good').waitFor()
      assert.deepEqual(await titles(), order)
      assert.match(page.url(), /columns=name%3A240/)
    }))

  test('many jobs are cancelled at once, and a deletion can be undone until it is sent', async () => {
    const ids = [await submit('one'), await submit('two'), await submit('three')]
    await visit('#/jobs', async ({ page }) => {
      await untilNames(page, ['three', 'two', 'one', 'live', 'waiting', 'better', 'good'])
      await page.getByRole('checkbox', { name: 'Select three' }).click()
      await page.getByRole('checkbox', { name: 'Select one' }).click({ modifiers: ['Shift'] })
      const selected = page.getByRole('toolbar', { name: 'Selected jobs' })
      await selected.getByText('3 selected').waitFor()
      await selected.getByRole('button', { name: 'Cancel' }).click()
      await page.getByRole('button', { name: 'Cancel the jobs' }).click()
      for (const name of ['one', 'two', 'three']) {
        await row(page, name).getByText('cancelled').waitFor()
      }
      await selected.getByRole('button', { name: 'Delete' }).click()
      await untilNames(page, ['live', 'waiting', 'better', 'good'])
      await page.getByRole('button', { name: 'Undo' }).click()
      await untilNames(page, ['three', 'two', 'one', 'live', 'waiting', 'better', 'good'])
      assert.equal((await server.api.get(`/jobs/${ids[0]}`)).status, 200)

      await page.getByRole('checkbox', { name: 'Select one' }).click()
      await page.getByRole('button', { name: 'Delete' }).click()
      await untilNames(page, ['three', 'two', 'live', 'waiting', 'better', 'good'])
      await page.close()
      await eventually('the deletion', async () => {
        const { status } = await server.api.get(`/jobs/${ids[0]}`)
        return status === 404
      })
    })
  })

  test('it groups, and the keyboard walks and selects', () =>
    visit('#/jobs?group=status', async ({ page }) => {
      await page.getByRole('button', { name: /^succeeded 3/ }).click()
      await untilNames(page, ['three', 'two', 'waiting'])
      assert.match(page.url(), /closed=succeeded/)
      await row(page, 'three').focus()
      await page.keyboard.press('Space')
      await page.keyboard.press('Shift+ArrowDown')
      await page.getByText('2 selected').waitFor()
      await page.keyboard.press('Enter')
      await page.waitForURL('**/#/jobs/job-*')
    }))

  for (const [width, colorScheme] of [
    [390, 'light'],
    [1280, 'dark'],
  ] as const) {
    test(`it fits into ${width} pixels, ${colorScheme}, and has no faults of accessibility`, () =>
      visit(
        '#/jobs',
        async ({ page }) => {
          await row(page, 'good').waitFor()
          assert.equal(await overflowPx(page), 0)
          assert.deepEqual(await accessibilityFindings(page), [])
          await screenshot(page, `jobs-${width}-${colorScheme}`)
        },
        { width, colorScheme },
      ))
  }
})
