import { formatCount } from '../../presentation/units.js'
import type { ServerInfo } from '../../spec/server-info.js'
import { formatBytes, formatTime } from '../ui/format.js'
import { Badge, Card, Facts } from '../ui/parts.js'
import { TableBox } from '../ui/table-box.js'

const notOurs = 'not the one that set-up installs'

/** What changes only with a restart. */
export function DetailsTab({ server }: { server: ServerInfo }) {
  const { engines, limits } = server
  return (
    <div class="stack">
      <Card title="Versions">
        <Facts
          facts={[
            ['Trainyard', server.version],
            ['Node', server.node],
            ['Platform', server.platform],
            ['Started', formatTime(server.startedAt)],
            ['TensorFlow', engines && (engines.tensorflow ?? notOurs)],
            ['TensorFlow is for', engines && { cpu: 'processors', cuda: 'CUDA' }[engines.kind]],
            ['XGBoost', engines && (engines.xgboost ?? notOurs)],
            ['OpenVINO', engines && (engines.openvino ?? 'not installed: TensorFlow serves alone')],
          ]}
        />
        {!engines && (
          <p class="field-error">
            {server.problems.find(({ part }) => part === 'engines')?.message}
          </p>
        )}
      </Card>
      <Card title="API keys">
        <TableBox label="Keys">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Created</th>
            </tr>
          </thead>
          <tbody>
            {server.keys.map(({ name, createdAt, current }) => (
              <tr key={name}>
                <th scope="row">
                  <span class="row">
                    {name} {current && <Badge tone="good">yours</Badge>}
                  </span>
                </th>
                <td>{createdAt === null ? 'in the settings' : formatTime(createdAt)}</td>
              </tr>
            ))}
          </tbody>
        </TableBox>
        <p class="soft">
          Only names are shown: the server keeps a hash of a key, from which the name comes. Keys
          are added and revoked in <code>keys.json</code> of the data folder, and take effect with a
          restart.
        </p>
      </Card>
      <Card title="Limits">
        <Facts
          facts={[
            ['Largest file of an upload', formatBytes(limits.uploadFileBytes)],
            ['Files in one upload', formatCount(limits.uploadFiles)],
            ['Largest JSON body', formatBytes(limits.bodyBytes)],
            ['Largest body of predictions', formatBytes(limits.instanceBytes)],
            ['Images in one prediction, as JSON', formatCount(limits.instances)],
            ['Table rows in one prediction', formatCount(limits.rows)],
            ['Largest image file', formatBytes(limits.imageBytes)],
            ['Image files in one prediction', formatCount(limits.imageFiles)],
          ]}
        />
      </Card>
    </div>
  )
}
