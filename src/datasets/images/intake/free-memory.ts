const { port1: closedPort } = new MessageChannel()
closedPort.close()

/**
 * Frees the memory of a buffer at once, which is empty then. V8 would collect all garbage again and again for
 * buffers of megabytes. A closed port takes over what is sent, and drops it.
 */
export const freeMemory = (buffer: ArrayBuffer): void => closedPort.postMessage(null, [buffer])
