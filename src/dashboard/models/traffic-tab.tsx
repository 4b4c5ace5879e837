import { useState } from 'preact/hooks'
import { formatCount } from '../../presentation/units.js'
import type { ShadowShare, Traffic, TrafficShare } from '../../spec/model-traffic.js'
import { setQuery } from '../place.js'
import { useResource } from '../server/resource.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'
import { Field, Select, TextInput } from '../ui/field.js'
import { formatMetric, formatPercent } from '../ui/format.js'
import { Loaded } from '../ui/load.js'
import { Card, Empty, TableScroll } from '../ui/parts.js'
import { ProblemNote } from '../ui/problem.js'
import { Age } from '../ui/time.js'
import { showToast } from '../ui/toast.js'
import { ReasonField } from './alias-dialogs.js'
import type { ModelTabProps } from './use-model.js'

/** How requests of the name or of an alias are spread over versions. */
export function TrafficTab({ model, aliases, query }: ModelTabProps) {
  const alias = query.get('of') ?? ''
  const traffic = useResource(
    () => client.models.traffic(model.id, alias ? { alias } : {}),
    [alias],
  )
  const names = [
    ...aliases.map(each => [`a${each.alias}`, `${each.alias} → version ${each.version}`] as const),
    ...model.versions.toReversed().map(each => [`v${each}`, `version ${each}`] as const),
  ]
  return (
    <div class="stack">
      <div class="row">
        Requests of
        <Select
          label="Requests of"
          value={alias}
          options={[
            ['', 'the bare name'],
            ...aliases.map(each => [each.alias, `the alias ${each.alias}`] as const),
          ]}
          onChange={value => setQuery({ of: value || null })}
        />
        <Button kind="quiet" icon="refresh" label="Read again" onClick={traffic.reload} />
      </div>
      <Loaded of={traffic} label="the traffic">
        {shown => (
          <>
            <Counts traffic={shown} />
            <TrafficForm
              key={`${shown.alias} ${shown.set?.at}`}
              model={model.id}
              traffic={shown}
              targets={names}
              onChange={changed => traffic.update(() => changed)}
            />
          </>
        )}
      </Loaded>
    </div>
  )
}

function Counts({ traffic }: { traffic: Traffic }) {
  const { requests, shadows, set } = traffic
  const total = requests.reduce((sum, each) => sum + each.requests, 0)
  if (!set) {
    return (
      <Card title="Answered requests">
        <Empty icon="chart" title="Requests are not split">
          <p>
            Split them below to try a new version with a part of the requests, or let it predict in
            the shadow, where its answers are compared but not returned.
          </p>
        </Empty>
      </Card>
    )
  }
  return (
    <Card title="Answered requests">
      <p class="soft">
        Set <Age time={set.at} /> by <code>{set.by}</code>
        {set.reason && `: “${set.reason}”`}. Counted by this process of the server since then, or
        since it started.
      </p>
      {requests.length > 0 && (
        <ol class="bars" aria-label="Requests by version">
          {requests.map(each => (
            <li key={each.version}>
              <span class="bar-label">version {each.version}</span>
              <span class="bar-track">
                <span
                  class="bar plain"
                  style={{ width: `${(each.requests / Math.max(total, 1)) * 100}%` }}
                />
              </span>
              <span class="number">
                {formatCount(each.requests)} ({formatPercent(each.requests / Math.max(total, 1))})
              </span>
            </li>
          ))}
        </ol>
      )}
      {shadows.length > 0 && (
        <TableScroll label="Shadows">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Shadow</th>
                <th scope="col" class="number">
                  Requests compared
                </th>
                <th scope="col" class="number">
                  Other answers
                </th>
                <th scope="col" class="number">
                  Largest difference
                </th>
                <th scope="col" class="number">
                  Left out
                </th>
                <th scope="col" class="number">
                  Failed
                </th>
              </tr>
            </thead>
            <tbody>
              {shadows.map(each => (
                <tr key={each.version}>
                  <th scope="row">version {each.version}</th>
                  <td class="number">{formatCount(each.compared)}</td>
                  <td class="number">
                    {formatCount(each.different)} of {formatCount(each.instances)}
                  </td>
                  <td class="number">{formatMetric(each.maxDifference)}</td>
                  <td class="number">{formatCount(each.dropped + each.incomparable)}</td>
                  <td class="number">{formatCount(each.failed)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
    </Card>
  )
}

interface Row {
  target: string
  amount: string
}

interface TrafficFormProps {
  model: string
  traffic: Traffic
  /** Versions and aliases, as the selects name them. */
  targets: readonly (readonly [string, string])[]
  onChange: (traffic: Traffic) => void
}

function TrafficForm({ model, traffic, targets, onChange }: TrafficFormProps) {
  const [split, setSplit] = useState(traffic.split.map(each => rowOf(each, each.weight)))
  const [shadow, setShadow] = useState(traffic.shadow.map(each => rowOf(each, each.fraction * 100)))
  const [header, setHeader] = useState(traffic.stickyHeader ?? '')
  const [reason, setReason] = useState('')
  const [error, setError] = useState<unknown>()

  async function save() {
    try {
      const changed = await client.models.setTraffic(model, {
        ...(traffic.alias !== null && { alias: traffic.alias }),
        split: split.map(row => ({ ...targetOf(row), weight: Number(row.amount) })),
        shadow: shadow.map(row => ({ ...targetOf(row), fraction: Number(row.amount) / 100 })),
        stickyHeader: header.trim() || null,
        ...(reason.trim() && { reason: reason.trim() }),
      })
      setError(undefined)
      showToast('The traffic was set')
      onChange(changed)
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <Card title="Split and shadows">
      <form
        class="stack"
        noValidate
        onSubmit={event => {
          event.preventDefault()
          void save()
        }}
      >
        <Rows
          legend="Weight"
          name="share"
          unit=""
          rows={split}
          targets={targets}
          onChange={setSplit}
        />
        <Rows
          legend="Shadow, percent of the requests"
          name="shadow"
          unit="%"
          rows={shadow}
          targets={targets}
          onChange={setShadow}
        />
        <Field
          label="Header that keeps a client with its version"
          help="Requests with the same value of it get the same version; may be empty."
        >
          {control => (
            <TextInput {...control} value={header} onChange={setHeader} placeholder="x-user" />
          )}
        </Field>
        <ReasonField reason={reason} onChange={setReason} />
        {error !== undefined && <ProblemNote error={error} />}
        <div>
          <Button type="submit" kind="primary">
            Set the traffic
          </Button>
        </div>
      </form>
    </Card>
  )
}

interface RowsProps {
  legend: string
  name: string
  unit: string
  rows: readonly Row[]
  targets: readonly (readonly [string, string])[]
  onChange: (rows: Row[]) => void
}

function Rows({ legend, name, unit, rows, targets, onChange }: RowsProps) {
  const sum = rows.reduce((all, { amount }) => all + (Number(amount) || 0), 0)
  const [unused = ''] = targets
    .map(([target]) => target)
    .filter(target => rows.every(row => row.target !== target))
  const set = (at: number, change: Partial<Row>) =>
    onChange(rows.map((each, i) => (i === at ? { ...each, ...change } : each)))
  return (
    <fieldset class="name-value-rows">
      <legend>{legend}</legend>
      {rows.map(({ target, amount }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the row stays while it is changed
        <div key={i} class="row">
          <Select
            label={`Version of ${name} ${i + 1}`}
            value={target}
            options={targets}
            onChange={chosen => set(i, { target: chosen })}
          />
          <TextInput
            class="amount"
            label={`Amount of ${name} ${i + 1}`}
            type="number"
            min={0}
            value={amount}
            onChange={text => set(i, { amount: text })}
          />
          <span class="soft">
            {unit || (sum > 0 && formatPercent((Number(amount) || 0) / sum))}
          </span>
          <Button
            kind="quiet"
            icon="close"
            label={`Remove ${name} ${i + 1}`}
            onClick={() => onChange(rows.filter((_, at) => at !== i))}
          />
        </div>
      ))}
      <div>
        <Button
          icon="add"
          disabled={!unused}
          onClick={() => onChange([...rows, { target: unused, amount: '10' }])}
        >
          Add a {name}
        </Button>
      </div>
    </fieldset>
  )
}

const rowOf = ({ version, alias }: TrafficShare | ShadowShare, amount: number): Row => ({
  target: alias === undefined ? `v${version}` : `a${alias}`,
  amount: String(amount),
})

const targetOf = ({ target }: Row) =>
  target.startsWith('v') ? { version: Number(target.slice(1)) } : { alias: target.slice(1) }
