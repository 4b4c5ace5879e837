import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partsOf, plainText } from '../../src/dashboard/job/logs/log-text.js'

const esc = '\u001b'

test('colours, cursor movements and titles of terminals are left out', () => {
  const cases: [line: string, text: string][] = [
    [`${esc}[1;31merror${esc}[0m: no file`, 'error: no file'],
    [`${esc}]0;a title\u0007done`, 'done'],
    [`${esc}[2Kepoch 1\tloss 0.5`, 'epoch 1\tloss 0.5'],
    ['\u0000a\u0008b', 'ab'],
    ['[info] \t[x] stays', '[info] \t[x] stays'],
  ]
  for (const [line, text] of cases) assert.equal(plainText(line), text)
})

test('of what a progress bar has overwritten, the last state stays', () => {
  assert.equal(plainText('10 %\r20 %\r30 %'), '30 %')
  assert.equal(plainText('done\r'), 'done')
})

test('a search finds each occurrence, whatever its case', () => {
  assert.deepEqual(
    partsOf('Loss of the loss', 'loss').map(({ text, isFound }) => (isFound ? `<${text}>` : text)),
    ['<Loss>', ' of the ', '<loss>'],
  )
  assert.deepEqual(partsOf('a', ''), [{ text: 'a', isFound: false }])
})
