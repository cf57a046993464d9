// What a page shows is loaded again and again: on a timer, when the stream tells of a change, after
// a login and when the tab is looked at again.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError, token } from "./api";

export interface Resource<T> {
  data: T | undefined; // the last good answer, also while an error stands
  error: ApiError | undefined;
  loading: boolean;
  reload: () => void;
}

interface State<T> {
  key: string | null;
  data: T | undefined;
  error: ApiError | undefined;
  loading: boolean;
}

// Loads when `key` changes and every `seconds` (0: never again). A null key loads nothing. Data of an
// older key stay until the new ones are there, so that charts do not flicker.
export function useResource<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
  seconds = 0,
): Resource<T> {
  const [state, setState] = useState<State<T>>({ key: null, data: undefined, error: undefined, loading: true });
  const latest = useRef(load);
  latest.current = load;
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  const credential = token.value;

  useEffect(() => {
    if (key === null) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      let wait = seconds;
      try {
        const data = await latest.current(abort.signal);
        if (abort.signal.aborted) return;
        setState({ key, data, error: undefined, loading: false });
      } catch (cause) {
        if (abort.signal.aborted) return;
        const error = cause instanceof ApiError ? cause : new ApiError(0, String(cause));
        setState((old) => ({ key, data: old.data, error, loading: false }));
        // Trouble of the moment is tried again even where nothing is repeated otherwise.
        if (error.status === 0 || error.status >= 500) wait = Math.max(5, error.retryAfter ?? wait);
      }
      if (wait > 0) timer = setTimeout(again, wait * 1000);
    };
    // A hidden tab asks for nothing.
    const again = () => {
      if (document.hidden) document.addEventListener("visibilitychange", run, { once: true, signal: abort.signal });
      else void run();
    };
    void run();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, seconds, turn, credential]);

  return { data: state.data, error: state.error, loading: state.loading || state.key !== key, reload };
}
