/** The bridge from the application's state to React. */

import { useSyncExternalStore } from 'react'
import type { Observable } from '../observable'

export function useObservable<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.getSnapshot)
}
