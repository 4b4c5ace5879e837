import assert from 'node:assert/strict'
import { test } from 'node:test'
import { distinctNames, safeName, stemOf } from '../../../src/datasets/exports/file-names.js'

test('a class becomes the name of a folder that every system takes', () => {
  const names: [text: string, name: string][] = [
    ['roses', 'roses'],
    ['Mäuse (klein)', 'Mäuse (klein)'],
    ['猫', '猫'],
    ['a/b\\c', 'a_b_c'],
    ['..', '_'],
    ['../../etc/passwd', '_.._etc_passwd'],
    ['', '_'],
    [' x. ', 'x'],
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['a\u0000b\nc', 'a_b_c'],
    ['a:b*c?"<>|~', 'a_b_c______'],
    ['x'.repeat(300), 'x'.repeat(100)],
    ['\u202egpj.exe', '_gpj.exe'],
  ]
  for (const [text, name] of names) assert.equal(safeName(text), name)
})

test('names that some systems take for one get numbers', () => {
  assert.deepEqual(distinctNames(['cat', 'Cat', 'dog', 'CAT', 'a/b', 'a\\b']), [
    'cat',
    'Cat~2',
    'dog',
    'CAT~3',
    'a_b',
    'a_b~2',
  ])
  assert.equal(new Set(distinctNames(['\u00e9', 'e\u0301']).map(name => name.normalize())).size, 2)
})

test('a file keeps the name that it had in the upload', () => {
  const stems: [source: string, stem: string][] = [
    ['flowers.zip/train/roses/1.jpg', '1'],
    ['a/b.tar.gz', 'b.tar'],
    ['part-0.tfrecord#12', 'part-0-12'],
    ['train-images-idx3-ubyte#7', 'train-images-idx3-ubyte-7'],
    ['x\\y\\holiday photo.JPEG', 'holiday photo'],
    ['.jpg', 'jpg'],
    ['a.zip/..', '_'],
  ]
  for (const [source, stem] of stems) assert.equal(stemOf(source), stem)
})
