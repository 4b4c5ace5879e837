import { useState } from 'preact/hooks'
import { ProblemError } from '../../client/client.js'
import type { Job, JobPatch } from '../../spec/job.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'
import { Dialog } from '../ui/dialog.js'
import { Field, TextInput } from '../ui/field.js'
import { messageOf } from '../ui/message.js'
import { type NameValue, NameValueRows } from '../ui/name-value-rows.js'

interface EditJobProps {
  job: Job
  onChange: (job: Job) => void
  onClose: () => void
}

/** Name, labels and, before it runs, priority of a job. */
export function EditJob({ job, onChange, onClose }: EditJobProps) {
  const [name, setName] = useState(job.name)
  const [priority, setPriority] = useState(String(job.priority))
  const [rows, setRows] = useState<readonly NameValue[]>(Object.entries(job.labels))
  const [error, setError] = useState<unknown>()
  const canPrioritize = job.status === 'queued' || job.status === 'paused'

  async function save() {
    const patch = changesOf(job, name.trim(), Number(priority), rows)
    try {
      if (Object.keys(patch).length > 0) onChange(await client.jobs.update(job.id, patch))
      onClose()
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <Dialog title={`Edit ${job.name}`} onClose={onClose}>
      <form
        class="stack"
        onSubmit={event => {
          event.preventDefault()
          void save()
        }}
      >
        <Field
          label="Name"
          help={job.status === 'succeeded' ? 'Its model keeps the name that it has.' : undefined}
          error={errorAt(error, '/name')}
        >
          {control => <TextInput {...control} value={name} onChange={setName} required autofocus />}
        </Field>
        {canPrioritize && (
          <Field
            label="Priority"
            help="From -100 to 100. Higher starts first; a point counts as much as ten minutes of waiting."
            error={errorAt(error, '/priority')}
          >
            {control => (
              <TextInput
                {...control}
                type="number"
                min={-100}
                max={100}
                step={1}
                value={priority}
                onChange={setPriority}
              />
            )}
          </Field>
        )}
        <NameValueRows
          title="Labels"
          each="label"
          example={['team', 'vision']}
          rows={rows}
          onChange={setRows}
        />
        {error !== undefined && (
          <p class="field-error" role="alert">
            {messageOf(error)}
          </p>
        )}
        <div class="row end">
          <Button onClick={onClose}>Keep as it was</Button>
          <Button type="submit" kind="primary">
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

/** Only what differs: the priority of a running job must not even be named. */
function changesOf(job: Job, name: string, priority: number, rows: readonly NameValue[]): JobPatch {
  const labels: Record<string, string | null> = {}
  for (const key of Object.keys(job.labels)) labels[key] = null
  for (const [key, value] of rows) if (key.trim()) labels[key.trim()] = value.trim()
  for (const [key, value] of Object.entries(labels)) {
    if (value === job.labels[key]) delete labels[key]
  }
  return {
    ...(name !== job.name && { name }),
    ...(priority !== job.priority && { priority }),
    ...(Object.keys(labels).length > 0 && { labels }),
  }
}

const errorAt = (error: unknown, path: string): string | null =>
  error instanceof ProblemError
    ? (error.problem.errors?.find(each => each.path === path)?.message ?? null)
    : null
