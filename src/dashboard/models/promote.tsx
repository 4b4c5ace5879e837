import { useId, useState } from 'preact/hooks'
import type { ModelView } from '../../spec/model.js'
import type { ModelAlias } from '../../spec/model-alias.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'
import { Dialog } from '../ui/dialog.js'
import { Field, Select, TextInput } from '../ui/field.js'
import { ProblemNote } from '../ui/problem.js'
import { showToast } from '../ui/toast.js'
import { aliasHelp, ReasonField, versionOptions } from './alias-dialogs.js'
import { isMoreBetter, tellingMetric } from './model-words.js'

const operators = ['>=', '>', '<=', '<', '=', '!=', '^='] as const
type Operator = (typeof operators)[number]

interface Condition {
  field: string
  operator: Operator
  value: string
}

interface PromoteProps {
  model: ModelView
  aliases: readonly ModelAlias[]
  onClose: () => void
  onChange: () => void
}

/** Moves an alias to a version if conditions hold, which the server checks. */
export function Promote({ model, aliases, onClose, onChange }: PromoteProps) {
  const [version, setVersion] = useState(String(model.versions.at(-1)))
  const [to, setTo] = useState(
    aliases.find(({ alias }) => alias !== 'default')?.alias ?? 'production',
  )
  const [conditions, setConditions] = useState<readonly Condition[]>(() => [
    firstOf(model, aliases),
  ])
  const [reason, setReason] = useState('')
  const [error, setError] = useState<unknown>()
  const fields = useId()
  const names = useId()
  const setCondition = (at: number, change: Partial<Condition>) =>
    setConditions(conditions.map((each, i) => (i === at ? { ...each, ...change } : each)))

  async function promote() {
    try {
      const promotion = await client.models.promote(model.id, {
        version: Number(version),
        to: to.trim(),
        if: conditions
          .filter(({ field }) => field.trim())
          .map(({ field, operator, value }) => `${field.trim()} ${operator} ${value.trim()}`),
        ...(reason.trim() && { reason: reason.trim() }),
      })
      onChange()
      onClose()
      showToast(
        [
          `${promotion.alias} names version ${promotion.version}`,
          ...promotion.notes.map(({ message }) => message),
        ].join('. '),
      )
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <Dialog title="Promote a version" onClose={onClose}>
      <form
        class="stack"
        onSubmit={event => {
          event.preventDefault()
          void promote()
        }}
      >
        <Field label="Version">
          {control => (
            <Select
              {...control}
              value={version}
              options={versionOptions(model)}
              onChange={setVersion}
            />
          )}
        </Field>
        <Field label="Alias that names it afterwards" help={aliasHelp}>
          {control => <TextInput {...control} value={to} onChange={setTo} list={names} required />}
        </Field>
        <datalist id={names}>
          {aliases.map(({ alias }) => (
            <option key={alias} value={alias} />
          ))}
        </datalist>
        <fieldset class="name-value-rows">
          <legend>Only if</legend>
          {conditions.map(({ field, operator, value }, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the row stays while it is written
            <div key={i} class="row condition">
              <TextInput
                label={`Metric or field of condition ${i + 1}`}
                value={field}
                list={fields}
                placeholder="validationAccuracy"
                onChange={text => setCondition(i, { field: text })}
              />
              <Select
                label={`Comparison of condition ${i + 1}`}
                value={operator}
                options={operators.map(each => [each, operatorText[each]] as const)}
                onChange={chosen => setCondition(i, { operator: chosen })}
              />
              <TextInput
                label={`Value of condition ${i + 1}`}
                value={value}
                placeholder="0.95"
                onChange={text => setCondition(i, { value: text })}
              />
              <Button
                kind="quiet"
                icon="close"
                label={`Remove condition ${i + 1}`}
                onClick={() => setConditions(conditions.filter((_, at) => at !== i))}
              />
            </div>
          ))}
          <div>
            <Button
              icon="add"
              onClick={() =>
                setConditions([...conditions, { field: '', operator: '>=', value: '' }])
              }
            >
              Add a condition
            </Button>
          </div>
          <p class="field-help">
            A value is a number or text, or what an alias has, such as{' '}
            <code>production.validationAccuracy - 0.002</code>. Without conditions, the alias moves
            in any case.
          </p>
        </fieldset>
        <datalist id={fields}>
          {[
            ...Object.keys(model.metrics),
            ...Object.keys(model.tags).map(tag => `tags.${tag}`),
          ].map(name => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <ReasonField reason={reason} onChange={setReason} />
        {error !== undefined && <ProblemNote error={error} />}
        <div class="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" icon="star">
            Promote
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

const operatorText: Record<Operator, string> = {
  '>=': '≥ no lower than',
  '>': '> above',
  '<=': '≤ no higher than',
  '<': '< below',
  '=': '= equal to',
  '!=': '≠ other than',
  '^=': 'begins with',
}

/** What one mostly wants: to be no worse than what the alias names now. */
function firstOf(model: ModelView, aliases: readonly ModelAlias[]): Condition {
  const field = tellingMetric(model) ?? ''
  const present = aliases.find(({ alias }) => alias !== 'default')?.alias
  return {
    field,
    operator: isMoreBetter(field) ? '>=' : '<=',
    value: present && field ? `${present}.${field}` : String(model.metrics[field] ?? ''),
  }
}
