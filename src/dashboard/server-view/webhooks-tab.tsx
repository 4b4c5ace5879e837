import { useState } from 'preact/hooks'
import { formatCount } from '../../presentation/units.js'
import type { Delivery, Webhook } from '../../spec/webhook.js'
import { placeUrl, setQuery } from '../place.js'
import { useRefresh, useResource } from '../server/resource.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'
import { confirmAction } from '../ui/dialog.js'
import { formatTime } from '../ui/format.js'
import { Loaded } from '../ui/load.js'
import { Badge, Card, Empty } from '../ui/parts.js'
import { Age } from '../ui/time.js'
import { showToast } from '../ui/toast.js'
import { CreateWebhook } from './create-webhook.js'
import { DeliveryLog } from './delivery-log.js'
import { eventTitles } from './webhook-events.js'

/** A webhook may be disabled at any time, by answers of its receiver. */
const refreshMs = 10_000

/** Where the server tells other programs of changes. `chosen`: the webhook whose delivery log is open. */
export function WebhooksTab({ chosen }: { chosen: string | null }) {
  const webhooks = useResource(() => client.webhooks.list({ limit: '1000' }), [])
  useRefresh(webhooks, refreshMs)
  const [isCreating, setCreating] = useState(false)
  const [pings, setPings] = useState(0)

  async function ping({ id }: Webhook) {
    const delivery = await client.webhooks.test(id)
    setPings(count => count + 1)
    showToast(pingResult(delivery), delivery.status === 'delivered' ? {} : { tone: 'danger' })
  }
  async function remove({ id, url }: Webhook) {
    const isConfirmed = await confirmAction({
      title: 'Delete the webhook?',
      text: (
        <p>
          Nothing more is sent to <code>{url}</code>. Its delivery log and the messages that were
          not delivered yet are lost.
        </p>
      ),
      action: 'Delete the webhook',
      isDangerous: true,
    })
    if (!isConfirmed) return
    await client.webhooks.delete(id)
    if (chosen === id) setQuery({ webhook: null })
    webhooks.reload()
    showToast('The webhook is deleted')
  }
  return (
    <div class="stack">
      <Card
        title="Webhooks"
        actions={
          <Button icon="add" kind="primary" onClick={() => setCreating(true)}>
            New webhook
          </Button>
        }
      >
        <Loaded of={webhooks} label="the webhooks">
          {({ items, damaged, total }) => (
            <>
              {items.length > 0 ? (
                <ul class="webhooks">
                  {items.map(webhook => (
                    <WebhookItem
                      key={webhook.id}
                      webhook={webhook}
                      isChosen={webhook.id === chosen}
                      onPing={() => ping(webhook)}
                      onDelete={() => remove(webhook)}
                    />
                  ))}
                </ul>
              ) : (
                <Empty icon="server" title="There are no webhooks">
                  <p>
                    A webhook calls a URL of yours when a job starts or ends, or when an alias of a
                    model moves. Create the first one with “New webhook”.
                  </p>
                </Empty>
              )}
              {total > items.length + damaged.length && (
                <p class="soft">
                  The newest {formatCount(items.length)} of {formatCount(total)} are shown.
                </p>
              )}
              {damaged.map(({ id, file, reason }) => (
                <p key={id} class="field-error">
                  The webhook {id} cannot be read: <code>{file}</code>, {reason}
                </p>
              ))}
            </>
          )}
        </Loaded>
      </Card>
      {chosen !== null && <DeliveryLog key={chosen} id={chosen} pings={pings} />}
      {isCreating && (
        <CreateWebhook onCreated={webhooks.reload} onClose={() => setCreating(false)} />
      )}
    </div>
  )
}

function pingResult({ status, attempts }: Delivery): string {
  const last = attempts.at(-1)
  if (status === 'delivered') {
    return `Delivered: answer ${last?.statusCode} in ${Math.round(last?.durationMs ?? 0)} ms`
  }
  return `The ping was not delivered: ${last?.error ?? 'no attempt was made'}`
}

interface WebhookItemProps {
  webhook: Webhook
  isChosen: boolean
  onPing: () => unknown
  onDelete: () => unknown
}

function WebhookItem({ webhook, isChosen, onPing, onDelete }: WebhookItemProps) {
  const { id, url, events, labels, createdAt, disabled } = webhook
  const selectors = Object.entries(labels)
  return (
    <li>
      <div class="webhook-text">
        <p class="row">
          <strong class="mono">{url}</strong>
          {disabled ? <Badge tone="danger">disabled</Badge> : <Badge tone="good">active</Badge>}
        </p>
        {disabled && (
          <p class="field-error">
            {disabled.reason}, {formatTime(disabled.at)}. Nothing more is sent: delete it and create
            another one.
          </p>
        )}
        <p class="soft">
          {events.length === Object.keys(eventTitles).length
            ? 'All events'
            : events.map(event => eventTitles[event]).join(', ')}
          {selectors.length > 0 &&
            `; only jobs with ${selectors.map(([name, value]) => `${name}=${value}`).join(', ')}`}
        </p>
        <p class="faint">
          {id}, created <Age time={createdAt} />
        </p>
      </div>
      <div class="row">
        <a
          class="button plain"
          aria-expanded={isChosen}
          href={placeUrl('/server', { tab: 'webhooks', webhook: isChosen ? null : id })}
        >
          Delivery log
        </a>
        <Button icon="play" disabled={disabled !== null} onClick={onPing}>
          Send a ping
        </Button>
        <Button icon="trash" label={`Delete the webhook to ${url}`} onClick={onDelete} />
      </div>
    </li>
  )
}
