import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { importScript } from './scripts.js'

const path = new URL('../../../node_modules/uplot/dist/uPlot.esm.js', import.meta.url)

test('what the dashboard does not use of the installed uPlot is left out', async () => {
  const { cutUplot } = await importScript('setup/uplot.mjs')
  const source = readFileSync(path, 'utf8')
  const cut: string = cutUplot(source)
  assert.match(source, /paths\.bars +=/)
  assert.doesNotMatch(cut, /paths\.bars +=|\bisTime\b|\bshowLegend\b/)
  assert.match(cut, /paths\.linear +=/)
})

test('a version of uPlot without one of the parts is refused', async () => {
  const { cutUplot } = await importScript('setup/uplot.mjs')
  const source = readFileSync(path, 'utf8').replaceAll('isTime', 'isDate')
  assert.throws(() => cutUplot(source), /uPlot has no .*isTime.* any more/)
})
