import type { Gpu } from '../../spec/worker.js'
import { formatBytes, formatPercent } from '../ui/format.js'
import { Meter } from '../ui/parts.js'
import { TableBox } from '../ui/table-box.js'

export const GpuTable = ({ gpus }: { gpus: readonly Gpu[] }) => (
  <TableBox label="GPUs">
    <thead>
      <tr>
        <th scope="col">GPU</th>
        <th scope="col">Utilization</th>
        <th scope="col">Memory in use</th>
      </tr>
    </thead>
    <tbody>
      {gpus.map(({ index, name, utilization, usedBytes, totalBytes }) => (
        <tr key={index}>
          <th scope="row">
            {index} · {name}
          </th>
          <td class="slot-progress">
            {utilization === null ? (
              <span class="faint">the card does not say</span>
            ) : (
              <>
                <Meter share={utilization} label={`Utilization of GPU ${index}`} />
                <span class="soft">{formatPercent(utilization, 0)}</span>
              </>
            )}
          </td>
          <td class="slot-progress">
            {usedBytes === null || totalBytes === null ? (
              <span class="faint">the card does not say</span>
            ) : (
              <>
                <Meter share={usedBytes / totalBytes} label={`Memory of GPU ${index}`} />
                <span class="soft">
                  {formatBytes(usedBytes)} of {formatBytes(totalBytes)}
                </span>
              </>
            )}
          </td>
        </tr>
      ))}
    </tbody>
  </TableBox>
)
