import { ProblemError } from '../../../client/client.js'
import { formatCount } from '../../../presentation/units.js'
import { pathTo, placeUrl } from '../../place.js'
import { Button, LinkButton } from '../../ui/button.js'
import { formatBytes, formatDuration } from '../../ui/format.js'
import { Badge, Card, Meter } from '../../ui/parts.js'
import { ProblemNote } from '../../ui/problem.js'
import { datasetUrl, describeContent, recordsName } from '../dataset-facts.js'
import { ImportProgress } from '../import-state.js'
import { NoteListing, SkippedListing } from '../notes.js'
import { ProblemList } from '../problem-list.js'
import {
  cancelSending,
  forgetSending,
  pauseSending,
  resumeSending,
  retrySending,
  type Sending,
  sendings,
} from './sending.js'

const stateTexts = {
  sending: 'sending',
  lost: 'connection lost, trying again',
  paused: 'paused',
  making: 'the server makes it',
  made: 'made',
  failed: 'failed',
} as const satisfies Record<Sending['state'], string>

const tones = {
  sending: 'busy',
  lost: 'warning',
  paused: 'warning',
  making: 'busy',
  made: 'good',
  failed: 'danger',
} as const satisfies Record<Sending['state'], string>

interface SendingCardProps {
  /** Only what fulfils it is shown. */
  filter?: (sending: Sending) => boolean
}

/** What this page sends, and what became of it. Nothing if it sends nothing. */
export function SendingCard({ filter = () => true }: SendingCardProps) {
  const shown = sendings.value.filter(filter)
  if (shown.length === 0) return null
  return (
    <Card title="From this page">
      <ul class="imports">
        {shown.map((each, i) => (
          <SendingItem key={each.id} of={each} isNewest={i === 0} />
        ))}
      </ul>
    </Card>
  )
}

function SendingItem({ of, isNewest }: { of: Sending; isNewest: boolean }) {
  const { id, title, options, state, dataset, error, progress } = of
  const isSending = state === 'sending' || state === 'lost' || state === 'paused'
  return (
    <li>
      <div class="row">
        <Badge tone={tones[state]}>{stateTexts[state]}</Badge>
        <strong>{dataset?.name ?? options.name ?? title}</strong>
        <span class="soft">{title}</span>
        <span class="page-actions">
          {state === 'sending' && (
            <Button icon="pause" onClick={() => pauseSending(id)}>
              Pause
            </Button>
          )}
          {state === 'paused' && (
            <Button icon="play" onClick={() => resumeSending(id)}>
              Go on
            </Button>
          )}
          {state === 'failed' && (
            <Button icon="refresh" onClick={() => retrySending(id)}>
              Try again
            </Button>
          )}
          {state === 'made' ? (
            <Button
              kind="quiet"
              icon="close"
              label="Close this message"
              onClick={() => forgetSending(id)}
            />
          ) : (
            <Button icon="stop" onClick={() => cancelSending(id)}>
              {state === 'failed' ? 'Discard' : 'Cancel'}
            </Button>
          )}
        </span>
      </div>
      {isSending && of.totalBytes > 0 && <SendingProgress of={of} />}
      {state === 'making' &&
        (progress ? <ImportProgress of={progress} /> : <Meter share={0} label="Making" />)}
      {state === 'failed' &&
        (error instanceof ProblemError ? (
          <ProblemList problem={error.problem} />
        ) : (
          <ProblemNote error={error} />
        ))}
      {dataset && (
        <div class="stack">
          <p>
            {formatCount(dataset.records)} {recordsName(dataset)}, {describeContent(dataset)}
            {of.isKnown && '. The server had the same content before: it is the same data set.'}
          </p>
          {isNewest && (
            <>
              <NoteListing notes={dataset.notes} />
              <SkippedListing skipped={dataset.skipped} />
            </>
          )}
          <div class="row">
            <LinkButton kind="primary" icon="database" href={datasetUrl(dataset.id)}>
              Look at it
            </LinkButton>
            <LinkButton
              icon="play"
              href={placeUrl(pathTo('jobs', 'new'), { dataset: dataset.name })}
            >
              Train on it
            </LinkButton>
          </div>
        </div>
      )}
    </li>
  )
}

function SendingProgress({ of }: { of: Sending }) {
  const { sentBytes, totalBytes, bytesPerSecond } = of
  const share = totalBytes === 0 ? 0 : sentBytes / totalBytes
  return (
    <div class="import-progress">
      <Meter share={share} label="Sent" />
      <p class="soft">
        {formatBytes(sentBytes)} of {formatBytes(totalBytes)}, {Math.floor(share * 100)} %
        {bytesPerSecond !== null &&
          bytesPerSecond > 0 &&
          `, ${formatBytes(bytesPerSecond)}/s, ${formatDuration((totalBytes - sentBytes) / bytesPerSecond)} left`}
      </p>
    </div>
  )
}
