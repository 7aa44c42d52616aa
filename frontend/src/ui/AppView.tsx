/** Which screen is before the person's eyes. */

import type { App } from '../state/app'
import { BrokenScreen, ConnectingScreen, Splash } from './Screens'
import { Shell } from './Shell'
import { SignInScreen } from './SignInScreen'
import type { Theme } from './theme'
import { useObservable } from './useObservable'

interface AppViewProps {
  readonly app: App
  readonly theme: Theme
}

export function AppView({ app, theme }: AppViewProps) {
  const state = useObservable(app.state)
  const route = useObservable(app.router.route)
  switch (state.kind) {
    case 'loading':
      return <Splash />
    case 'broken':
      return <BrokenScreen fault={state.fault} detail={state.message} onRetry={() => void app.start()} />
    case 'signedOut':
      return (
        <SignInScreen
          stage={state.stage}
          name={state.name}
          problem={state.problem}
          isInvited={route.kind === 'room'}
          theme={theme}
          onSignIn={(name) => app.signIn(name)}
        />
      )
    case 'signingIn':
      return <ConnectingScreen name={state.name} session={state.session} onCancel={() => app.signOut('keep')} />
    case 'signedIn':
      return <Shell app={app} session={state.session} stage={state.stage} theme={theme} />
  }
}
