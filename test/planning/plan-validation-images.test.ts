import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FieldErrors } from '../../src/errors.js'
import { planValidationImages } from '../../src/planning/plan-validation-images.js'
import { Notes } from '../../src/spec/notes.js'
import { digitsManifest } from '../../testing/digits-manifest.js'

/** What a validation set with these classes gives. Each class has ten images, unless it is in `empty`. */
function match(labels: string[], validationLabels: string[], empty: string[] = []) {
  const manifestOf = (name: string, names: string[], without: string[]) =>
    digitsManifest({
      name,
      labels: names,
      classCounts: names.map(label => (without.includes(label) ? 0 : 10)),
    })
  const errors = new FieldErrors()
  const notes = new Notes()
  const classes = planValidationImages(
    manifestOf('train', labels, []),
    manifestOf('val', validationLabels, empty),
    errors,
    notes,
  )
  return {
    classes,
    notes: notes.all.map(({ code }) => code),
    error: errors.all[0]?.message,
    codes: errors.all.map(({ path, code }) => `${path} ${code}`),
  }
}

test('classes are matched by name', () => {
  const pets = ['cat', 'dog', 'hen']
  const reordered = 'classes_matched_by_name'
  const partial = 'class_not_validated'
  const cases: [
    validation: string[],
    empty: string[],
    classes?: number[] | undefined,
    notes?: string[],
  ][] = [
    [pets, []],
    [['dog', 'cat', 'hen'], [], [1, 0, 2], [reordered]],
    // a subset that is sorted by name
    [['cat', 'hen'], [], [0, 2], [partial, reordered]],
    [['cat', 'dog'], [], undefined, [partial]],
    [pets, ['dog'], undefined, [partial]],
    // a name without images changes nothing
    [['ape', 'cat', 'dog', 'hen'], ['ape'], [-1, 0, 1, 2], [reordered]],
    [['cat', 'dog', 'hen', 'yak'], ['yak'], [0, 1, 2, -1], []],
  ]
  for (const [validation, empty, classes, notes = []] of cases) {
    const result = match(pets, validation, empty)
    assert.deepEqual(
      [result.classes, result.notes, result.codes],
      [classes, notes, []],
      validation.join(),
    )
  }
})

test('classes that the training data lacks are refused by name', () => {
  const refused = (validation: string[], labels = ['cat', 'dog']) => {
    const { error, codes } = match(labels, validation)
    assert.deepEqual(codes, ['/training/validation/dataset class_mismatch'])
    return error
  }
  assert.match(refused(['cat', 'ant', 'bee'])!, /lacks: 'ant', 'bee'; 'train' has 'cat', 'dog'/)
  assert.match(refused(['Cat', ' dog'])!, /'Cat' is not 'cat', ' dog' is not 'dog'/)
  // uploaded without class names
  assert.match(refused(['0', '1'])!, /without class names, upload it again with labels/)
  assert.match(refused(['cat', 'dog'], ['0', '1'])!, /'cat', 'dog'; 'train' has '0', '1'/)
  // names of objects' own methods
  assert.match(refused(['constructor', 'cat'])!, /lacks: 'constructor'/)
})
