import { useState } from 'preact/hooks'
import type { ModelView } from '../../spec/model.js'
import { goTo, setQuery } from '../place.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'
import { Dialog } from '../ui/dialog.js'
import { Checkbox } from '../ui/field.js'
import { formatBytes } from '../ui/format.js'
import { ProblemNote } from '../ui/problem.js'
import { showToast } from '../ui/toast.js'

interface DeleteVersionProps {
  model: ModelView
  /** Null deletes all versions. */
  version: number | null
  onClose: () => void
  onDeleted: () => void
}

/** Asks before a version or the model is deleted, and shows why the server refuses it. */
export function DeleteVersion({ model, version, onClose, onDeleted }: DeleteVersionProps) {
  const [withAliases, setWithAliases] = useState(false)
  const [error, setError] = useState<unknown>()
  const isAll = version === null || model.versions.length === 1
  const what = isAll ? `the model ${model.id}` : `version ${version} of ${model.id}`

  async function remove() {
    const query = {
      ...(version !== null && { version: String(version) }),
      ...(withAliases && { aliases: 'delete' }),
    }
    try {
      const { freedBytes } = await client.models.delete(model.id, query)
      showToast(`Deleted ${what}, which freed ${formatBytes(freedBytes)}`)
      onClose()
      if (isAll) return goTo('#/models')
      if (version === model.version) setQuery({ version: null, alias: null })
      onDeleted()
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <Dialog
      title={`Delete ${what}?`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Keep</Button>
          <Button kind="danger" icon="trash" onClick={remove}>
            Delete
          </Button>
        </>
      }
    >
      <div class="stack">
        <p>
          {isAll && model.versions.length > 1
            ? `All ${model.versions.length} versions are deleted. This cannot be undone.`
            : 'This cannot be undone.'}{' '}
          The jobs that trained it stay.
        </p>
        <Checkbox checked={withAliases} onChange={setWithAliases}>
          Delete aliases and traffic that lead to it, too
        </Checkbox>
        {error !== undefined && <ProblemNote error={error} />}
      </div>
    </Dialog>
  )
}
