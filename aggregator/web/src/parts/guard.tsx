// What throws while it is drawn shows an error in its place; everything around it goes on.
import { Component, type ComponentChildren, type ComponentType } from "preact";

interface Props {
  what?: string; // is shown as broken; without it nothing is shown
  of?: unknown; // the data that are drawn: other ones are given another chance
  retry?: () => void; // fetches them again
  children: ComponentChildren;
}

export class Guard extends Component<Props, { error?: unknown }> {
  override componentDidCatch(error: unknown) {
    console.error(error); // with the place where it happened, for whoever mends it
    this.setState({ error });
  }

  override componentDidUpdate(before: Props) {
    if (before.of !== this.props.of && this.state.error !== undefined) this.setState({ error: undefined });
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return this.props.what && (
      <section class="panel state" role="alert" data-failed>
        <strong>{this.props.what} cannot be shown</strong>
        <div class="wrap">{String(error)}</div>
        <button type="button" onClick={this.props.retry ?? (() => this.setState({ error: undefined }))}>Try again</button>
      </section>
    );
  }
}

// A panel with a guard of its own.
export const guarded = <P extends object>(what: string, Panel: ComponentType<P>): ComponentType<P> => (props) => <Guard what={what}><Panel {...props} /></Guard>;
