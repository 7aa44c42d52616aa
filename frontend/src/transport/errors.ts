/** Why a request failed. Codes only: the interface turns them into words. */

import type { ErrorCode } from './protocol.gen'

/** The server's own codes, and two that arise on this side. */
export type FailureCode = ErrorCode | 'timeout' | 'disconnected'

export class RequestError extends Error {
  readonly code: FailureCode
  /** When the same request can succeed, in ms, where the server said so. */
  readonly retryAfterMs: number | undefined

  constructor(code: FailureCode, message: string, retryAfterMs?: number) {
    super(message)
    this.name = 'RequestError'
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}

/** Any thrown value as a `RequestError`. */
export function asRequestError(thrown: unknown): RequestError {
  if (thrown instanceof RequestError) return thrown
  return new RequestError('internal', thrown instanceof Error ? thrown.message : String(thrown))
}
