import { Counter, Gauge, type Registry } from 'prom-client'

/** Makes metrics whose names begin with `trainyard_`. */
export interface MetricFactory {
  gauge(name: string, help: string, ...labelNames: string[]): Gauge
  counter(name: string, help: string, ...labelNames: string[]): Counter
}

export const metricFactory = (registry: Registry): MetricFactory => ({
  gauge: (name, help, ...labelNames) =>
    new Gauge({ name: `trainyard_${name}`, help, labelNames, registers: [registry] }),
  counter: (name, help, ...labelNames) =>
    new Counter({ name: `trainyard_${name}`, help, labelNames, registers: [registry] }),
})

/** Sets a gauge, or leaves the series out if its value is not known. */
export function setKnown(
  gauge: Gauge,
  labels: Record<string, string>,
  value: number | null | undefined,
): void {
  if (value === null || value === undefined) gauge.remove(labels)
  else gauge.set(labels, value)
}
