/** A schema of the OpenAPI document, or another object of it, as JSON. */
export type SchemaObject = { [key: string]: unknown }

export const isObject = (value: unknown): value is SchemaObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const componentPath = '#/components/schemas/'

/** The name of the component that a schema refers to. */
export const referredName = ({ $ref }: SchemaObject): string | undefined =>
  typeof $ref === 'string' && $ref.startsWith(componentPath)
    ? $ref.slice(componentPath.length)
    : undefined
