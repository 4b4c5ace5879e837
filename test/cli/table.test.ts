import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rowsText } from '../../src/cli/terminal/rows.js'
import { type Column, cut, table, textWidth } from '../../src/cli/terminal/table.js'

interface Item {
  id: string
  name: string
  size: string
}

const columns: readonly Column<Item>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'NAME', value: ({ name }) => name, rank: 1 },
  { title: 'SIZE', value: ({ size }) => size, align: 'right', rank: 2 },
]
const items: readonly Item[] = [
  { id: 'job-1', name: 'digits', size: '7' },
  { id: 'job-22', name: 'mnist-long', size: '1024' },
]
const plain = (text: string) => text

test('columns are as wide as their widest cell, numbers stand at the right', () => {
  assert.equal(
    table(items, columns, Number.POSITIVE_INFINITY, plain),
    ['ID      NAME        SIZE', 'job-1   digits         7', 'job-22  mnist-long  1024'].join('\n'),
  )
})

test('a narrow terminal leaves out columns by their rank, then cuts the widest', () => {
  const at = (width: number) => table(items, columns, width, plain).split('\n')[2]
  assert.equal(at(24), 'job-22  mnist-long  1024')
  assert.equal(at(23), 'job-22  mnist-long')
  assert.equal(at(17), 'job-22')
  const [, wide] = table([{ ...items[0]!, id: 'job-0123456789' }], columns, 10, plain).split('\n')
  assert.equal(wide, 'job-01234…')
})

test('control characters and directions of writing are shown as text', () => {
  const name = 'a\x1b[31mred\r\n\u202eb'
  const [, row] = table([{ ...items[0]!, name }], columns, 200, plain).split('\n')
  assert.equal(row, 'job-1  a\\u001b[31mred\\u000d\\u000a\\u202eb     7')
})

test('East Asian characters and emoji take two cells, a joined emoji as well', () => {
  assert.equal(textWidth('数字'), 4)
  assert.equal(textWidth('👩‍🚀'), 2)
  assert.equal(cut('数字字', 4), '数…')
})

test('the colour of a cell counts for nothing in its width', () => {
  const coloured: Column<Item>[] = [
    { ...columns[0]!, style: (_, text) => `\x1b[31m${text}\x1b[39m` },
    columns[2]!,
  ]
  const [, row] = table(items, coloured, 200, plain).split('\n')
  assert.equal(row, '\x1b[31mjob-1 \x1b[39m     7')
})

test('values of rows are wrapped below themselves, and a long word stays whole', () => {
  const id = 'job-01m8pengwaj1k9ertr9sffbszy'
  assert.equal(
    rowsText(
      [
        ['status', 'running, attempt 2'],
        ['id', `x ${id}`],
      ],
      24,
      plain,
    ),
    ['status  running, attempt', '        2', 'id      x', `        ${id}`].join('\n'),
  )
})
