// Who is asked to say who they are.
import { useEffect, useState } from "preact/hooks";
import { get, post, query, stranger, why, type LoginWays } from "./api.ts";
import { input } from "./form.ts";
import { visible } from "./text.ts";
import { format, view } from "./view.ts";

const longest = 1024; // bytes of an address that a login by a provider comes back to

/** byProvider is where a login by the provider begins, which comes back to what is looked at. */
function byProvider(address: string): string {
  const back = address.replaceAll("'", "%27");
  return "/v1/session/oidc" + query({ return: back.length > longest ? "/" : back });
}

/** Login stands in the place of the page; expired: where somebody was known before. */
export function Login(props: { expired: boolean; done: () => void }) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const [provider, setProvider] = useState("");
  useEffect(() => {
    get<LoginWays>("/v1/login").then(
      (w) => setProvider(w.oidc?.name ?? ""),
      () => undefined, // there is the password
    );
  }, []);
  return (
    <main id="main" class="login">
      <form
        onSubmit={async (e) => {
          e.preventDefault();
          const user = input(e.currentTarget, "user").value;
          const password = input(e.currentTarget, "password");
          setBusy(true);
          try {
            await post("/v1/session", { user, password: password.value });
            stranger.value = false;
            props.done();
          } catch (x) {
            setProblem(why(x));
            password.value = "";
            password.focus();
          } finally {
            setBusy(false);
          }
        }}
      >
        <h1>netelf</h1>
        {props.expired && !problem ? <p class="dim">Your session has ended. Log in again, and you are where you were.</p> : null}
        <label>
          User
          <input name="user" autocomplete="username" autofocus required />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        {problem ? (
          <p class="error" role="alert">
            {visible(problem)}
          </p>
        ) : null}
        <button type="submit" disabled={busy}>
          Log in
        </button>
        {provider ? <a href={byProvider(format(view.value))}>Log in by {visible(provider)}</a> : null}
      </form>
    </main>
  );
}
