import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { JobRequest } from '../../spec/job.js'
import { goTo, pathTo, setQuery } from '../place.js'
import { useResource } from '../server/resource.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'
import { Field, Select, TextInput } from '../ui/field.js'
import { Loaded } from '../ui/load.js'
import { Card, Empty, Page } from '../ui/parts.js'
import { showToast } from '../ui/toast.js'
import type { ViewProps } from '../view.js'
import { JsonPanel } from './json-panel.js'
import { PlanPanel } from './plan-panel.js'
import {
  type Draft,
  type Path,
  type Task,
  taskOf,
  valueAt,
  withTask,
  withValue,
} from './request.js'
import { type JobSchemas, loadJobSchemas, type Schema } from './schema.js'
import { type FormContext, Properties, SchemaField } from './schema-field.js'
import { useDryRun } from './use-dry-run.js'

interface StartData {
  schemas: JobSchemas
  datasets: readonly { name: string; kind: string; records: number }[]
  models: readonly { id: string }[]
  draft: Draft
}

/**
 * `#/jobs/new`. The request is in the address, so a reload or a bookmark brings it back; `from` starts with the request
 * of another job, `dataset` with a data set.
 */
export default function NewJobView({ query }: ViewProps) {
  const start = useResource(() => load(query), [query.get('from')])
  return (
    <Page title="New job" back={{ href: '#/jobs', label: 'Jobs' }}>
      <Loaded of={start} label="the form">
        {data =>
          data.datasets.length === 0 ? (
            <Empty icon="database" title="A job needs a data set">
              <a class="button primary" href="#/datasets">
                Upload one first
              </a>
            </Empty>
          ) : (
            <NewJobForm {...data} />
          )
        }
      </Loaded>
    </Page>
  )
}

async function load(query: URLSearchParams): Promise<StartData> {
  const [schemas, datasets, models, draft] = await Promise.all([
    loadJobSchemas(),
    client.datasets.list({ limit: '200' }),
    client.models.list({ limit: '200' }),
    startDraft(query),
  ])
  return {
    schemas,
    datasets: datasets.items,
    models: models.items,
    draft: draft ?? firstDraft(datasets.items, query.get('dataset')),
  }
}

async function startDraft(query: URLSearchParams): Promise<Draft | null> {
  const text = query.get('request')
  if (text) {
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        return value as Draft
    } catch {
      // shown as an empty form below
    }
    showToast('The request in the address is no JSON object. The form starts empty.', {
      tone: 'danger',
    })
    return null
  }
  const from = query.get('from')
  if (!from) return null
  const { request, name } = await client.jobs.get(from)
  if (!request) throw new Error(`Job ${name} is of an older version that did not keep its request.`)
  return request as Draft
}

function firstDraft(datasets: StartData['datasets'], name: string | null): Draft {
  const chosen = datasets.find(each => each.name === name) ?? datasets[0]
  return withTask(chosen ? { dataset: chosen.name } : {}, taskFor(chosen))
}

const taskFor = (dataset: { kind: string } | undefined): Task =>
  dataset?.kind === 'table' ? 'boosting' : 'network'

const tasks: readonly (readonly [task: Task, title: string, text: string])[] = [
  ['network', 'Train a network', 'ResNet or VGG, on images'],
  ['boosting', 'Train trees', 'Gradient boosting, on a table'],
  ['prediction', 'Predict a data set', 'With a model that is trained'],
]

/** Settings that most jobs change; the others are one click away. */
const frequent: Record<Task, readonly string[]> = {
  network: [
    'epochs',
    'steps',
    'batchSize',
    'learningRate',
    'optimizer',
    'augment',
    'validation',
    'precision',
  ],
  boosting: ['target', 'validation', 'earlyStopping', 'seed'],
  prediction: [],
}

function NewJobForm({ schemas, datasets, models, draft: first }: StartData) {
  const [draft, setDraft] = useState(first)
  const dryRun = useDryRun(draft)
  const idempotencyKey = useRef(randomKey())
  const task = taskOf(draft)
  const dataset = datasets.find(each => each.name === draft.dataset)

  useEffect(() => {
    setQuery({ request: JSON.stringify(draft), from: null, dataset: null })
    // another request is another job, also if the first one was sent and its answer lost
    idempotencyKey.current = randomKey()
  }, [draft])

  const form = useMemo<FormContext>(
    () => ({
      resolve: schemas.resolve,
      value: path => valueAt(draft, path),
      change: (path: Path, value) => setDraft(before => withValue(before, path, value)),
      errors: dryRun.errors,
      plan: dryRun.plan,
    }),
    [draft, dryRun],
  )

  async function submit() {
    const job = await client.jobs.submit(draft as JobRequest, {
      idempotencyKey: idempotencyKey.current,
    })
    goTo(`#${pathTo('jobs', job.id)}`)
  }
  const schema = schemas[task]
  const { properties = {} } = schema
  const settings = schemas.resolve(properties.training ?? {})
  return (
    <div class="new-job">
      <form
        class="stack"
        onSubmit={event => {
          event.preventDefault()
        }}
      >
        <Card>
          <div class="tasks" role="radiogroup" aria-label="Task">
            {tasks.map(([name, title, text]) => (
              <label key={name} class={`task ${name === task ? 'chosen' : ''}`}>
                <input
                  type="radio"
                  name="task"
                  checked={name === task}
                  onChange={() => setDraft(withTask(draft, name))}
                />
                <span>
                  <strong>{title}</strong>
                  <span class="faint">{text}</span>
                </span>
              </label>
            ))}
          </div>
          <div class="schema-fields">
            <Field
              label="dataset"
              help={dataset && `${dataset.kind}, ${dataset.records} records`}
              error={dryRun.errors.get('/dataset') ?? null}
            >
              {control => (
                <Select
                  {...control}
                  value={String(draft.dataset ?? '')}
                  options={optionsOf(
                    datasets.map(each => each.name),
                    draft.dataset,
                  )}
                  onChange={name => {
                    const next = datasets.find(each => each.name === name)
                    const isOther = task !== 'prediction' && taskFor(next) !== task
                    setDraft(
                      isOther
                        ? withTask({ ...draft, dataset: name }, taskFor(next))
                        : { ...draft, dataset: name },
                    )
                  }}
                />
              )}
            </Field>
            <NameField form={form} planned={dryRun.plan?.name} />
          </div>
        </Card>
        {task === 'prediction' ? (
          <Card title="Prediction">
            <ModelChoice form={form} models={models} />
            <Properties
              form={form}
              schema={schemas.resolve(properties.predict!)}
              path={['predict']}
              left={['model']}
            />
          </Card>
        ) : (
          <>
            <Card title="Model">
              {task === 'boosting' ? (
                <Properties
                  form={form}
                  schema={schemas.resolve(properties.model!)}
                  path={['model']}
                  left={['kind']}
                />
              ) : (
                <SchemaField form={form} schema={properties.model!} path={['model']} isRequired />
              )}
            </Card>
            <Card title="Training">
              <Properties
                form={form}
                schema={only(settings, frequent[task])}
                path={['training']}
                left={[]}
              />
              <details class="schema-group">
                <summary>All other settings</summary>
                <Properties
                  form={form}
                  schema={settings}
                  path={['training']}
                  left={frequent[task]}
                />
              </details>
            </Card>
          </>
        )}
        <Card title="Job">
          <Properties
            form={form}
            schema={schema}
            path={[]}
            left={['name', 'dataset', 'model', 'training', 'predict']}
          />
        </Card>
      </form>
      <div class="new-job-side stack">
        <div class="row">
          <Button kind="primary" icon="play" disabled={!dryRun.isValid} onClick={submit}>
            Submit
          </Button>
        </div>
        <PlanPanel dryRun={dryRun} />
        <JsonPanel draft={draft} onChange={setDraft} />
      </div>
    </div>
  )
}

const only = (schema: Schema, names: readonly string[]): Schema => ({
  ...schema,
  properties: Object.fromEntries(
    names.filter(name => schema.properties?.[name]).map(name => [name, schema.properties![name]!]),
  ),
})

const NameField = ({ form, planned }: { form: FormContext; planned: string | undefined }) => (
  <Field
    label="name"
    help="Lower-case letters, digits, dot, dash and underscore. The model gets this name."
    error={form.errors.get('/name') ?? null}
  >
    {control => (
      <TextInput
        {...control}
        value={String(form.value(['name']) ?? '')}
        placeholder={planned ?? ''}
        onChange={name => form.change(['name'], name || undefined)}
      />
    )}
  </Field>
)

const ModelChoice = ({ form, models }: { form: FormContext; models: StartData['models'] }) => (
  <Field label="model" error={form.errors.get('/predict/model') ?? null}>
    {control => (
      <Select
        {...control}
        value={String(form.value(['predict', 'model']) ?? '')}
        options={[
          ['', 'choose a model'],
          ...optionsOf(
            models.map(each => each.id),
            form.value(['predict', 'model']),
          ),
        ]}
        onChange={id => form.change(['predict', 'model'], id || undefined)}
      />
    )}
  </Field>
)

/** The names, and the present one if it is none of them, such as an id. */
function optionsOf(names: readonly string[], present: unknown): [string, string][] {
  const known = [...new Set(names)].map(name => [name, name] as [string, string])
  if (typeof present !== 'string' || present === '' || names.includes(present)) return known
  return [[present, present], ...known]
}

/** Not `crypto.randomUUID`, which browsers have over https only. */
const randomKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map(byte => byte.toString(16).padStart(2, '0'))
    .join('')
