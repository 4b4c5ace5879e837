import { useEffect, useRef, useState } from 'preact/hooks'
import { ProblemError } from '../../../client/client.js'
import type { RowExplanations } from '../../../spec/explanation.js'
import type { RowPredictions } from '../../../spec/model.js'
import { client, endSessionOf } from '../../server/session.js'
import { Button } from '../../ui/button.js'
import { Select } from '../../ui/field.js'
import { Card, Empty } from '../../ui/parts.js'
import { ProblemNote } from '../../ui/problem.js'
import { type BoostingView, classNames } from '../model-words.js'
import { Contributions } from './contributions.js'
import { formColumns, type RowTexts, readRow, textsOf } from './row-cells.js'
import { RowForm } from './row-form.js'
import { RowResult } from './row-result.js'
import { useSample } from './samples.js'

interface Answer {
  predictions: RowPredictions
  explanations: RowExplanations
  /** What was sent. */
  texts: RowTexts
  ms: number
}

/** Predicts from a row that a form describes, and says what each column contributes. */
export function TryRow({ model }: { model: BoostingView }) {
  const columns = formColumns(model)
  const [texts, setTexts] = useState<RowTexts>({})
  const [errors, setErrors] = useState<Record<string, string>>({})
  const [error, setError] = useState<unknown>()
  const [answer, setAnswer] = useState<Answer | null>(null)
  const [target, setTarget] = useState<string | undefined>()
  const [isBusy, setBusy] = useState(false)
  const latest = useRef(0)
  const isTyped = useRef(false)
  const sample = useSample(model.dataset, 'table')
  const { record } = sample

  async function predict(given: RowTexts, explained: string | undefined) {
    const { row, errors: found } = readRow(given, columns)
    setErrors(found)
    if (Object.keys(found).length > 0) return
    latest.current += 1
    const request = latest.current
    setBusy(true)
    const version = { version: String(model.version) }
    const begin = performance.now()
    try {
      const predictions = await client.models.predictRows(model.id, [row], version)
      const ms = performance.now() - begin
      const query = { ...version, ...(explained !== undefined && { target: explained }) }
      const explanations = await client.models.explainRows(model.id, [row], query)
      if (request !== latest.current) return
      setAnswer({ predictions, explanations, texts: given, ms })
      setError(undefined)
    } catch (failure) {
      if (request !== latest.current || endSessionOf(failure)) return
      const atColumns = columnErrors(failure)
      setErrors(atColumns)
      if (Object.keys(atColumns).length === 0) setError(failure)
      setAnswer(null)
    } finally {
      if (request === latest.current) setBusy(false)
    }
  }

  useEffect(() => {
    if (!record) return
    const given = textsOf(record.row, columns)
    setTexts(given)
    void predict(given, target)
  }, [record?.index])

  async function fillExample() {
    sample.clear()
    isTyped.current = false
    const { example } = await client.models.contract(model.id, { version: String(model.version) })
    const [row] = (example.body as { instances: Record<string, unknown>[] }).instances
    // what was typed meanwhile stays
    if (isTyped.current) return
    setTexts(textsOf(row!, columns))
    setErrors({})
  }
  useEffect(() => {
    if (new URLSearchParams(location.hash.split('?')[1]).get('record') === null) {
      fillExample().catch(setError)
    }
  }, [])

  function change(column: string, text: string | null) {
    if (record) sample.clear()
    isTyped.current = true
    setTexts(before => ({ ...before, [column]: text }))
  }
  const explanation = answer?.explanations.explanations[0]
  const targets =
    model.model.objective === 'quantile' ? model.model.quantile.map(String) : classNames(model)
  return (
    <div class="try">
      <Card
        title="Row"
        actions={
          <>
            <Button icon="database" title={sample.from} onClick={sample.chooseAny}>
              From the data set
            </Button>
            <Button kind="quiet" onClick={fillExample}>
              Example
            </Button>
            <Button
              kind="quiet"
              onClick={() => {
                sample.clear()
                setTexts({})
                setErrors({})
              }}
            >
              Clear
            </Button>
          </>
        }
      >
        {record && (
          <p class="soft">
            Row {record.index} of {model.dataset.name}
            {model.target in record.row && (
              <>
                , whose {model.target} is <strong>{String(record.row[model.target])}</strong>
              </>
            )}
          </p>
        )}
        <form
          class="stack"
          noValidate
          onSubmit={event => {
            event.preventDefault()
            void predict(texts, target)
          }}
        >
          <RowForm columns={columns} texts={texts} errors={errors} onChange={change} />
          <div class="row">
            <Button type="submit" kind="primary" icon="play" disabled={isBusy}>
              Predict
            </Button>
            {Object.keys(errors).length > 0 && (
              <span class="field-error" role="alert">
                {Object.keys(errors).length === 1
                  ? 'One field needs another value.'
                  : `${Object.keys(errors).length} fields need other values.`}
              </span>
            )}
          </div>
        </form>
      </Card>
      <div class="stack">
        <Card title={`Prediction of ${model.target}`}>
          {error !== undefined && <ProblemNote error={error} />}
          {answer ? (
            <div aria-live="polite" aria-busy={isBusy} class={isBusy ? 'stale' : ''}>
              <RowResult model={model} predictions={answer.predictions} ms={answer.ms} />
            </div>
          ) : (
            error === undefined && (
              <Empty icon="model" title={isBusy ? 'Predicting …' : 'Nothing predicted yet'}>
                {!isBusy && <p>Fill in the row, or take one of the data set.</p>}
              </Empty>
            )
          )}
        </Card>
        {answer && explanation && (
          <Card
            title="Why"
            actions={
              targets.length > 1 && (
                <span class="row">
                  of
                  <Select
                    label="What to explain"
                    value={explanation.target?.label ?? targets[0]!}
                    options={targets.map(name => [name, name] as const)}
                    onChange={label => {
                      setTarget(label)
                      void predict(answer.texts, label)
                    }}
                  />
                </span>
              )
            }
          >
            <Contributions
              explanation={explanation}
              texts={answer.texts}
              unit={marginUnit(model)}
            />
          </Card>
        )}
      </div>
    </div>
  )
}

/** What the server says of single columns, such as `/instances/0/Horsepower`. */
function columnErrors(error: unknown): Record<string, string> {
  const prefix = '/instances/0/'
  const found = error instanceof ProblemError ? (error.problem.errors ?? []) : []
  return Object.fromEntries(
    found
      .filter(({ path }) => path.startsWith(prefix))
      .map(({ path, message }) => [
        path.slice(prefix.length).replaceAll('~1', '/').replaceAll('~0', '~'),
        message,
      ]),
  )
}

function marginUnit({ model, target }: BoostingView): string {
  switch (model.objective) {
    case 'binary':
      return 'log-odds'
    case 'multiclass':
      return 'score before the softmax'
    case 'ranking':
      return 'score'
    case 'regression':
    case 'quantile':
      return target
    default:
      return `margin of ${target}, before it is converted`
  }
}
