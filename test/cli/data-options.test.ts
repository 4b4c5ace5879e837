import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameFrom } from '../../src/cli/datasets/push-plan.js'
import { formFields, parseSet } from '../../src/cli/datasets/set-options.js'
import { choosePredictor } from '../../src/cli/models/predictor-options.js'
import { completeCondition } from '../../src/cli/models/promote.js'
import { chooseModel } from '../../src/cli/models/version-options.js'

test('options of the server are JSON, texts, sizes and parts of objects', () => {
  assert.deepEqual(
    parseSet([
      ...['resize=224x160', 'resize.mode=fit', 'header=false', 'sheet=2020', 'delimiter=,'],
      ...['splits.val=0.1', 'splits.by=class', 'schema.a.b=category', 'missing=["."]'],
    ]),
    {
      resize: { height: 224, width: 160, mode: 'fit' },
      header: false,
      sheet: '2020',
      delimiter: ',',
      splits: { val: 0.1, by: 'class' },
      schema: { 'a.b': 'category' },
      missing: ['.'],
    },
  )
  assert.deepEqual(formFields({ header: false, sheet: 'x' }), [
    ['header', 'false'],
    ['sheet', 'x'],
  ])
})

test('a wrong option is named with what there is', () => {
  assert.throws(() => parseSet(['resize']), /'resize' is no key=value/)
  assert.throws(() => parseSet(['=1']), /is no key=value/)
  assert.throws(() => parseSet(['size=1']), /there is no option 'size'; there are labels,/)
  assert.throws(() => parseSet(['resize=big']), /expected a size such as 224 or 224x160/)
})

test('the name of a data set has the characters that names may have', () => {
  assert.equal(nameFrom('/data/My Flowers (2024)/'), 'my-flowers-2024')
  assert.equal(nameFrom('wetter.tar.gz'), 'wetter')
  assert.equal(nameFrom('Übung.csv'), 'u-bung')
  assert.equal(nameFrom('.csv'), 'csv')
  assert.equal(nameFrom('…'), 'data')
  assert.equal(nameFrom('x'.repeat(100)).length, 63)
})

test('a version is named by number or alias, once', () => {
  assert.deepEqual(chooseModel('digits', {}), { model: 'digits', query: {} })
  assert.deepEqual(chooseModel('digits@3', {}), { model: 'digits', query: { version: 3 } })
  assert.deepEqual(chooseModel('digits@best', {}), { model: 'digits', query: { alias: 'best' } })
  assert.deepEqual(chooseModel('digits', { modelVersion: 2 }).query, { version: 2 })
  assert.throws(() => chooseModel('digits@', {}), /names no version/)
  assert.throws(() => chooseModel('digits@3', { alias: 'best' }), /name one version/)
  assert.throws(() => chooseModel('digits@3', { modelVersion: 3 }), /name one version/)
})

test('a job predicts all files, a model those after its name', () => {
  assert.deepEqual(choosePredictor('digits@2', ['a.png'], {}), {
    of: { model: 'digits' },
    query: { version: 2 },
    inputs: ['a.png'],
  })
  assert.deepEqual(choosePredictor('a.png', ['b.png'], { job: 'job-1', checkpoint: 'best' }), {
    of: { job: 'job-1' },
    query: { at: 'best' },
    inputs: ['a.png', 'b.png'],
  })
  assert.throws(() => choosePredictor('digits', [], {}), /name files to predict from/)
  assert.throws(() => choosePredictor(undefined, [], {}), /name a model, or a job by --job/)
  assert.throws(() => choosePredictor('a', ['b'], { checkpoint: 'best' }), /goes with --job/)
  assert.throws(() => choosePredictor('a', [], { job: 'j', alias: 'x' }), /a job, which has no/)
})

test('a condition without a value compares with the version that the alias names now', () => {
  assert.equal(
    completeCondition('validationAccuracy>=', 'production'),
    'validationAccuracy >= production.validationAccuracy',
  )
  assert.equal(completeCondition('tags.ok = yes', 'production'), 'tags.ok = yes')
})
