import { useState } from 'preact/hooks'
import { ProblemError } from '../../client/client.js'
import type { CreatedWebhook, WebhookEvent } from '../../spec/webhook.js'
import { client } from '../server/session.js'
import { Button } from '../ui/button.js'
import { Code } from '../ui/code.js'
import { Dialog } from '../ui/dialog.js'
import { Checkbox, Field, TextInput } from '../ui/field.js'
import { messageOf } from '../ui/message.js'
import { eventTitles } from './webhook-events.js'

interface CreateWebhookProps {
  onCreated: () => void
  onClose: () => void
}

const allEvents = Object.keys(eventTitles) as WebhookEvent[]

/** Asks for a webhook, and then shows its secret, which no other answer of the server has. */
export function CreateWebhook({ onCreated, onClose }: CreateWebhookProps) {
  const [created, setCreated] = useState<CreatedWebhook | null>(null)
  if (created) return <Secret webhook={created} onClose={onClose} />
  return (
    <Dialog title="New webhook" onClose={onClose}>
      <WebhookForm
        onCreated={webhook => {
          setCreated(webhook)
          onCreated()
        }}
      />
    </Dialog>
  )
}

function WebhookForm({ onCreated }: { onCreated: (webhook: CreatedWebhook) => void }) {
  const [url, setUrl] = useState('')
  const [events, setEvents] = useState<ReadonlySet<WebhookEvent>>(new Set(allEvents))
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)

  function choose(event: WebhookEvent, isChosen: boolean) {
    const chosen = new Set(events)
    if (isChosen) chosen.add(event)
    else chosen.delete(event)
    setEvents(chosen)
  }
  async function create() {
    setBusy(true)
    try {
      const chosen = allEvents.filter(event => events.has(event))
      onCreated(await client.webhooks.create({ url: url.trim(), events: chosen }))
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  const urlError = fieldError(error, '/url')
  return (
    <form
      class="stack"
      onSubmit={event => {
        event.preventDefault()
        void create()
      }}
    >
      <Field
        label="URL"
        help="Called by POST. An https address that the internet can reach; others only if the server has TRAINYARD_WEBHOOKS=private."
        error={urlError}
      >
        {control => (
          <TextInput
            {...control}
            type="url"
            placeholder="https://example.org/trainyard"
            value={url}
            onChange={setUrl}
            required
            autofocus
          />
        )}
      </Field>
      <fieldset class="webhook-events">
        <legend>Events</legend>
        {allEvents.map(event => (
          <Checkbox
            key={event}
            checked={events.has(event)}
            onChange={isChosen => choose(event, isChosen)}
          >
            {eventTitles[event]}
          </Checkbox>
        ))}
      </fieldset>
      {error !== undefined && urlError === null && (
        <p class="field-error" role="alert">
          {messageOf(error)}
        </p>
      )}
      <div class="row end">
        {events.size === 0 && <span class="soft">Choose an event at least.</span>}
        <Button type="submit" kind="primary" disabled={isBusy || events.size === 0}>
          {isBusy ? 'Creating …' : 'Create'}
        </Button>
      </div>
    </form>
  )
}

const Secret = ({ webhook, onClose }: { webhook: CreatedWebhook; onClose: () => void }) => (
  <Dialog title="The webhook is created" onClose={onClose}>
    <p>
      With this secret, the receiver checks that a message comes from this server. Copy it now: it
      is shown only this once.
    </p>
    <Code label="the secret" text={webhook.secret} />
    <p class="soft">
      Messages follow the Standard Webhooks specification; its libraries verify them.
    </p>
    <div class="row end">
      <Button kind="primary" onClick={onClose}>
        I have copied it
      </Button>
    </div>
  </Dialog>
)

const fieldError = (error: unknown, path: string): string | null =>
  error instanceof ProblemError
    ? (error.problem.errors?.find(each => each.path === path)?.message ?? null)
    : null
