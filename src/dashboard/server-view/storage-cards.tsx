import { formatCount } from '../../presentation/units.js'
import type { ServerInfo } from '../../spec/server-info.js'
import { formatBytes } from '../ui/format.js'
import { Badge, Card, Facts, Meter } from '../ui/parts.js'
import { TableBox } from '../ui/table-box.js'

/** Below this free share, people should look for space, well before the server starts no more jobs. */
const scarceShare = 0.1

export function DiskCard({ server }: { server: ServerInfo }) {
  const { data } = server
  if (!data) return <NotKnown server={server} part="data" title="Disk" />
  const { freeBytes, totalBytes, usedBytes } = data
  const free = freeBytes === null || !totalBytes ? null : freeBytes / totalBytes
  const folders = Object.entries(usedBytes ?? {}).toSorted(([, a], [, b]) => b - a)
  return (
    <Card title="Disk of the data folder">
      {free === null ? (
        <p class="soft">How much is free is not known.</p>
      ) : (
        <>
          <Meter
            share={1 - free}
            label="Used space of the disk"
            tone={free < scarceShare ? 'warning' : 'neutral'}
          />
          <p>
            {formatBytes(freeBytes)} of {formatBytes(totalBytes)} free
          </p>
        </>
      )}
      {usedBytes === null ? (
        <p class="soft">What each folder takes is being measured …</p>
      ) : (
        <TableBox label="Folders">
          <thead>
            <tr>
              <th scope="col">Folder</th>
              <th scope="col" class="number">
                Size
              </th>
            </tr>
          </thead>
          <tbody>
            {folders.map(([name, bytes]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="number">{formatBytes(bytes)}</td>
              </tr>
            ))}
          </tbody>
        </TableBox>
      )}
    </Card>
  )
}

export function RedisCard({ server }: { server: ServerInfo }) {
  const { redis } = server
  if (!redis) return <NotKnown server={server} part="redis" title="Redis" />
  const { version, pingSeconds, usedBytes, maxBytes, clients, evictedKeys } = redis
  return (
    <Card title="Redis">
      <Facts
        facts={[
          ['Answers in', `${(pingSeconds * 1000).toFixed(1)} ms`],
          ['Version', version],
          [
            'Memory',
            usedBytes !== null &&
              (maxBytes
                ? `${formatBytes(usedBytes)} of ${formatBytes(maxBytes)}`
                : formatBytes(usedBytes)),
          ],
          ['Connections', clients !== null && formatCount(clients)],
          ['Keeps each change', redis.appendOnly !== null && (redis.appendOnly ? 'yes' : 'no')],
        ]}
      />
      {version === null && <p class="soft">It does not allow INFO, so the rest is not known.</p>}
      {!!evictedKeys && (
        <p class="field-error">
          It has dropped {formatCount(evictedKeys)} keys for lack of memory. Give it more, and set
          maxmemory-policy to noeviction.
        </p>
      )}
      {redis.appendOnly === false && (
        <p class="row">
          <Badge tone="warning">snapshots only</Badge> After a crash it has lost the latest changes.
          Set appendonly to yes.
        </p>
      )}
      {redis.savedLast === false && (
        <p class="field-error">Its last snapshot could not be written. Its log says why.</p>
      )}
    </Card>
  )
}

interface NotKnownProps {
  server: ServerInfo
  part: ServerInfo['problems'][number]['part']
  title: string
}

const NotKnown = ({ server, part, title }: NotKnownProps) => (
  <Card title={title}>
    <p class="field-error">
      {server.problems.find(problem => problem.part === part)?.message ?? 'Not known.'}
    </p>
  </Card>
)
