import { useState } from 'preact/hooks'
import type { DatasetManifest } from '../../../spec/dataset.js'
import type { DatasetStep } from '../../../spec/dataset-steps.js'
import { Button } from '../../ui/button.js'
import { Code } from '../../ui/code.js'
import { Checkbox, Field, Select, TextInput } from '../../ui/field.js'
import { messageOf } from '../../ui/message.js'
import { Card } from '../../ui/parts.js'
import { beginDerivation } from '../upload/sending.js'
import { SendingCard } from '../upload/sending-card.js'
import { StepFields } from './step-fields.js'
import { type Draft, newDraft, type StepKind, stepKinds, stepOf, stepTitles } from './steps.js'

/** Makes a data set of this one, by steps that are chosen here or written as JSON. */
export function DeriveForm({ of }: { of: DatasetManifest }) {
  const [name, setName] = useState('')
  const [drafts, setDrafts] = useState<readonly Draft[]>([newDraft('filter')])
  const [json, setJson] = useState<string | null>(null)
  const [error, setError] = useState<string | null>(null)
  const steps = drafts.map(stepOf)

  function start(event: Event) {
    event.preventDefault()
    try {
      const request = {
        ...(name.trim() !== '' && { name: name.trim() }),
        steps: json === null ? steps : parseSteps(json),
      }
      beginDerivation(of, request)
      setError(null)
    } catch (thrown) {
      setError(messageOf(thrown))
    }
  }
  const change = (key: number, draft: Draft | null) =>
    setDrafts(drafts.flatMap(each => (each.key === key ? (draft ?? []) : each)))

  return (
    <div class="stack">
      <SendingCard filter={({ from }) => from === of.id} />
      <form class="stack" onSubmit={start}>
        <Card title="Make another data set of this one">
          <p class="soft">The steps are done one after the other. This data set stays as it is.</p>
          <Field
            label="Name"
            help={`Of the new data set. '${of.name}' makes it the next version of this name.`}
          >
            {control => (
              <TextInput
                {...control}
                value={name}
                placeholder="chosen by the server"
                onChange={setName}
              />
            )}
          </Field>
          <Checkbox
            checked={json !== null}
            onChange={isJson => setJson(isJson ? JSON.stringify(steps, null, 2) : null)}
          >
            Write the steps as JSON
          </Checkbox>
        </Card>
        {json === null ? (
          <>
            {drafts.map((draft, i) => (
              <Card
                key={draft.key}
                title={`Step ${i + 1}`}
                actions={
                  <Button
                    kind="quiet"
                    icon="trash"
                    label={`Remove step ${i + 1}`}
                    disabled={drafts.length === 1}
                    onClick={() => change(draft.key, null)}
                  />
                }
              >
                <Select
                  label={`What step ${i + 1} does`}
                  value={draft.kind}
                  options={stepKinds[of.kind].map(kind => [kind, stepTitles[kind]] as const)}
                  onChange={kind => change(draft.key, { ...newDraft(kind), key: draft.key })}
                />
                <StepFields
                  of={of}
                  draft={draft}
                  onChange={changed => change(draft.key, changed)}
                />
              </Card>
            ))}
            <div>
              <Button icon="add" onClick={() => setDrafts([...drafts, newDraft(nextKind(drafts))])}>
                Add a step
              </Button>
            </div>
            <Card title="Recipe">
              <Code label="the steps" text={JSON.stringify(steps, null, 2)} />
            </Card>
          </>
        ) : (
          <Card title="Steps">
            <textarea
              class="input mono"
              aria-label="Steps as JSON"
              rows={14}
              spellcheck={false}
              value={json}
              onInput={event => setJson(event.currentTarget.value)}
            />
            <p class="soft">
              If you leave JSON, the steps are those of the form before. The step <code>label</code>{' '}
              can only be written here.
            </p>
          </Card>
        )}
        {error && (
          <p class="field-error" role="alert">
            {error}
          </p>
        )}
        <div>
          <Button kind="primary" type="submit">
            Derive
          </Button>
        </div>
      </form>
    </div>
  )
}

const nextKind = (drafts: readonly Draft[]): StepKind =>
  drafts.some(({ kind }) => kind === 'split') ? 'sample' : 'split'

function parseSteps(text: string): DatasetStep[] {
  let steps: unknown
  try {
    steps = JSON.parse(text)
  } catch (error) {
    throw new Error(`The steps are no JSON: ${(error as Error).message}`)
  }
  if (!Array.isArray(steps)) throw new Error('The steps are expected to be a JSON array.')
  return steps
}
