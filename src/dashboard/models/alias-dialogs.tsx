import { useState } from 'preact/hooks'
import type { ModelView } from '../../spec/model.js'
import type { ModelAlias } from '../../spec/model-alias.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'
import { Dialog } from '../ui/dialog.js'
import { Field, Select, TextInput } from '../ui/field.js'
import { ProblemNote } from '../ui/problem.js'
import { showToast } from '../ui/toast.js'

interface AliasDialogProps {
  model: ModelView
  aliases: readonly ModelAlias[]
  onClose: () => void
  onChange: () => void
}

export const versionOptions = ({ versions }: Pick<ModelView, 'versions'>) =>
  versions.toReversed().map(version => [String(version), `version ${version}`] as const)

export const aliasHelp =
  'Lower-case letters, digits, dash and underscore. The alias default is what the bare name serves.'

/** Lets an alias name a version; without a name, a new one. */
export function MoveAlias({
  model,
  aliases,
  alias,
  onClose,
  onChange,
}: AliasDialogProps & { alias: string }) {
  const [name, setName] = useState(alias)
  const [version, setVersion] = useState(String(model.version))
  const [reason, setReason] = useState('')
  const [error, setError] = useState<unknown>()
  const before = aliases.find(each => each.alias === name.trim())

  async function save() {
    try {
      await client.aliases.put(model.id, name.trim(), {
        version: Number(version),
        // somebody else may have moved it meanwhile
        ifVersion: before?.version ?? null,
        ...(reason.trim() && { reason: reason.trim() }),
      })
      onChange()
      onClose()
      showToast(`${name.trim()} names version ${version}`)
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <Dialog title={alias ? `Move ${alias}` : 'Put an alias'} onClose={onClose}>
      <form
        class="stack"
        onSubmit={event => {
          event.preventDefault()
          void save()
        }}
      >
        {!alias && (
          <Field label="Alias" help={aliasHelp}>
            {control => (
              <TextInput
                {...control}
                value={name}
                onChange={setName}
                placeholder="production"
                required
                autofocus
              />
            )}
          </Field>
        )}
        <Field label="Names" help={before ? `It names version ${before.version} now.` : undefined}>
          {control => (
            <Select
              {...control}
              value={version}
              options={versionOptions(model)}
              onChange={setVersion}
            />
          )}
        </Field>
        <ReasonField reason={reason} onChange={setReason} />
        {error !== undefined && <ProblemNote error={error} />}
        <div class="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary">
            {before ? 'Move' : 'Put'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

/** Lets an alias name the version again that it named before. */
export function RollBack({
  model,
  alias,
  onClose,
  onChange,
}: AliasDialogProps & { alias: ModelAlias }) {
  const [reason, setReason] = useState('')
  const [error, setError] = useState<unknown>()
  const to = alias.previous.at(-1)
  async function rollBack() {
    try {
      const { version } = await client.aliases.rollBack(model.id, alias.alias, {
        ifVersion: alias.version,
        ...(reason.trim() && { reason: reason.trim() }),
      })
      onChange()
      onClose()
      showToast(`${alias.alias} names version ${version} again`)
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <Dialog title={`Roll ${alias.alias} back`} onClose={onClose}>
      <form
        class="stack"
        onSubmit={event => {
          event.preventDefault()
          void rollBack()
        }}
      >
        <p>
          It names version {alias.version} now, and version {to} afterwards.
        </p>
        <ReasonField reason={reason} onChange={setReason} />
        {error !== undefined && <ProblemNote error={error} />}
        <div class="row end">
          <Button onClick={onClose}>Keep version {alias.version}</Button>
          <Button type="submit" kind="primary" icon="back">
            Roll back to version {to}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

export const ReasonField = ({
  reason,
  onChange,
}: {
  reason: string
  onChange: (reason: string) => void
}) => (
  <Field label="Reason" help="For the history; may be empty.">
    {control => <TextInput {...control} value={reason} onChange={onChange} />}
  </Field>
)
