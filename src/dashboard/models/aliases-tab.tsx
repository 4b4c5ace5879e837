import { useState } from 'preact/hooks'
import type { AliasChange, ModelAlias } from '../../spec/model-alias.js'
import { pathTo, placeUrl, setQuery } from '../place.js'
import { useResource } from '../server/resource.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'
import { confirmAction } from '../ui/dialog.js'
import { formatMetric, formatTime } from '../ui/format.js'
import { Loaded } from '../ui/load.js'
import { Badge, Card, Empty, TableScroll } from '../ui/parts.js'
import { Age } from '../ui/time.js'
import { showToast } from '../ui/toast.js'
import { MoveAlias, RollBack } from './alias-dialogs.js'
import { Promote } from './promote.js'
import type { ModelTabProps } from './use-model.js'

type Open = { move: string } | { rollBack: ModelAlias } | 'promote' | null

/** Names that lead to versions, and how they came to. */
export function AliasesTab({ model, aliases, query, reload }: ModelTabProps) {
  const [open, setOpen] = useState<Open>(null)
  const shown = query.get('history')
  const close = () => setOpen(null)
  const props = { model, aliases, onClose: close, onChange: reload }

  async function remove({ alias, version }: ModelAlias) {
    const isSure = await confirmAction({
      title: `Delete the alias ${alias}?`,
      text: `It names version ${version}. Requests that name the alias fail afterwards${alias === 'default' ? ', and the bare name serves the newest version' : ''}.`,
      action: 'Delete',
      isDangerous: true,
    })
    if (!isSure) return
    await client.aliases.delete(model.id, alias)
    reload()
    showToast(`Deleted the alias ${alias}`, {
      action: {
        label: 'Undo',
        run: () => void client.aliases.put(model.id, alias, { version }).then(reload),
      },
    })
  }
  return (
    <div class="stack">
      <Card
        title="Aliases"
        actions={
          <>
            <Button icon="add" onClick={() => setOpen({ move: '' })}>
              Put an alias
            </Button>
            <Button icon="star" kind="primary" onClick={() => setOpen('promote')}>
              Promote
            </Button>
          </>
        }
      >
        {aliases.length === 0 ? (
          <Empty icon="star" title="There are no aliases">
            <p>
              An alias such as <code>production</code> names a version, so that clients need not
              change when another one takes over. The alias <code>default</code> is what the bare
              name serves.
            </p>
          </Empty>
        ) : (
          <TableScroll label="Table of the aliases">
            <table class="table">
              <thead>
                <tr>
                  <th scope="col">Alias</th>
                  <th scope="col">Names</th>
                  <th scope="col">Since</th>
                  <th scope="col">By</th>
                  <th scope="col">Reason</th>
                  <th scope="col">
                    <span class="only-heard">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {aliases.map(each => (
                  <tr key={each.alias}>
                    <th scope="row">
                      <Badge tone="good">{each.alias}</Badge>
                    </th>
                    <td>
                      <a href={placeUrl(pathTo('models', model.id), { version: each.version })}>
                        version {each.version}
                      </a>
                    </td>
                    <td>
                      <Age time={each.at} />
                    </td>
                    <td class="mono">{each.by}</td>
                    <td class="version-note">{each.reason}</td>
                    <td>
                      <span class="row tight nowrap">
                        <Button icon="edit" onClick={() => setOpen({ move: each.alias })}>
                          Move
                        </Button>
                        {each.previous.length > 0 && (
                          <Button icon="back" onClick={() => setOpen({ rollBack: each })}>
                            Roll back to {each.previous.at(-1)}
                          </Button>
                        )}
                        <Button
                          pressed={shown === each.alias}
                          onClick={() =>
                            setQuery({ history: shown === each.alias ? null : each.alias })
                          }
                        >
                          History
                        </Button>
                        <Button
                          kind="quiet"
                          icon="trash"
                          label={`Delete the alias ${each.alias}`}
                          onClick={() => remove(each)}
                        />
                      </span>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableScroll>
        )}
      </Card>
      {shown && <History key={shown} model={model.id} alias={shown} aliases={aliases} />}
      {open === 'promote' && <Promote {...props} />}
      {open && open !== 'promote' && 'move' in open && <MoveAlias {...props} alias={open.move} />}
      {open && open !== 'promote' && 'rollBack' in open && (
        <RollBack {...props} alias={open.rollBack} />
      )}
    </div>
  )
}

interface HistoryProps {
  model: string
  alias: string
  /** A change of any alias may be one of this. */
  aliases: readonly ModelAlias[]
}

function History({ model, alias, aliases }: HistoryProps) {
  const history = useResource(
    () => client.aliases.history(model, alias, { limit: '100' }),
    [aliases],
  )
  return (
    <Card title={`History of ${alias}`}>
      <Loaded of={history} label="the history">
        {({ items, nextCursor }) => (
          <>
            <ol class="history">
              {items.map(change => (
                <li key={`${change.at} ${change.to}`}>
                  <time dateTime={change.at}>{formatTime(change.at)}</time>
                  <Badge tone={change.change === 'deleted' ? 'danger' : 'neutral'}>
                    {changeWords[change.change]}
                  </Badge>
                  <span>{stepText(change)}</span>
                  <span class="mono soft">{change.by}</span>
                  {change.reason && <span>“{change.reason}”</span>}
                  {change.conditions?.map(({ condition, value }) => (
                    <span key={condition} class="soft">
                      <code>{condition}</code>
                      {value !== null &&
                        ` (${typeof value === 'number' ? formatMetric(value) : value})`}
                    </span>
                  ))}
                </li>
              ))}
            </ol>
            {nextCursor && <p class="faint">Older changes are not shown; the API has them.</p>}
          </>
        )}
      </Loaded>
    </Card>
  )
}

const changeWords = {
  moved: 'moved',
  promoted: 'promoted',
  rolledBack: 'rolled back',
  deleted: 'deleted',
} as const satisfies Record<AliasChange['change'], string>

function stepText({ from, to }: AliasChange): string {
  if (to === null) return `named version ${from}`
  return from === null ? `names version ${to}` : `version ${from} → ${to}`
}
