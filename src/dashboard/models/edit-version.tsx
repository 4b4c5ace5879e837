import { useState } from 'preact/hooks'
import { ProblemError } from '../../client/client.js'
import type { ModelView } from '../../spec/model.js'
import type { AnnotationPatch } from '../../spec/model-annotation.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'
import { Dialog } from '../ui/dialog.js'
import { Field, TextInput } from '../ui/field.js'
import { type NameValue, NameValueRows } from '../ui/name-value-rows.js'
import { ProblemNote } from '../ui/problem.js'
import { showToast } from '../ui/toast.js'

interface EditVersionProps {
  version: ModelView
  onClose: () => void
  onChange: () => void
}

/** What may change of a version: its stage, note and tags. */
export function EditVersion({ version, onClose, onChange }: EditVersionProps) {
  const [stage, setStage] = useState(version.stage ?? '')
  const [note, setNote] = useState(version.note ?? '')
  const [rows, setRows] = useState<readonly NameValue[]>(Object.entries(version.tags))
  const [reason, setReason] = useState('')
  const [error, setError] = useState<unknown>()

  async function save() {
    const patch = changesOf(version, { stage, note, rows })
    try {
      if (Object.keys(patch).length > 0) {
        await client.models.annotate(version.id, version.version, {
          ...patch,
          ...(reason.trim() && { reason: reason.trim() }),
        })
        onChange()
        showToast(`Version ${version.version} was changed`)
      }
      onClose()
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <Dialog title={`Edit version ${version.version} of ${version.id}`} onClose={onClose}>
      <form
        class="stack"
        onSubmit={event => {
          event.preventDefault()
          void save()
        }}
      >
        <Field
          label="Stage"
          help="How far the version is, in your words, such as staging or archived."
          error={errorAt(error, '/stage')}
        >
          {control => <TextInput {...control} value={stage} onChange={setStage} autofocus />}
        </Field>
        <Field label="Note" error={errorAt(error, '/note')}>
          {control => (
            <textarea
              {...control}
              class="input"
              rows={3}
              value={note}
              onInput={event => setNote(event.currentTarget.value)}
            />
          )}
        </Field>
        <NameValueRows
          title="Tags"
          each="tag"
          example={['approved', 'yes']}
          rows={rows}
          onChange={setRows}
        />
        <Field
          label="Reason"
          help="For the history; may be empty."
          error={errorAt(error, '/reason')}
        >
          {control => <TextInput {...control} value={reason} onChange={setReason} />}
        </Field>
        {error !== undefined && <ProblemNote error={error} />}
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

interface Edited {
  stage: string
  note: string
  rows: readonly NameValue[]
}

/** Only what differs. */
function changesOf(version: ModelView, { stage, note, rows }: Edited): AnnotationPatch {
  const given = Object.fromEntries(rows.map(([name, value]) => [name.trim(), value.trim()]))
  delete given['']
  const tags: Record<string, string | null> = {}
  for (const name of Object.keys(version.tags)) if (!(name in given)) tags[name] = null
  for (const [name, value] of Object.entries(given)) {
    if (value !== version.tags[name]) tags[name] = value
  }
  return {
    ...(stage.trim() !== (version.stage ?? '') && { stage: stage.trim() || null }),
    ...(note.trim() !== (version.note ?? '') && { note: note.trim() || null }),
    ...(Object.keys(tags).length > 0 && { tags }),
  }
}

const errorAt = (error: unknown, path: string): string | null =>
  error instanceof ProblemError
    ? (error.problem.errors?.find(each => each.path === path)?.message ?? null)
    : null
