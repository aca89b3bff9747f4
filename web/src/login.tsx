// Who is asked to say who they are.
import { useState } from "preact/hooks";
import { post, stranger, why } from "./api.ts";
import { visible } from "./text.ts";

/** Login stands in the place of the page; expired: where somebody was known before. */
export function Login(props: { expired: boolean; done: () => void }) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  return (
    <main id="main" class="login">
      <form
        onSubmit={async (e) => {
          e.preventDefault();
          const f = e.currentTarget.elements;
          const user = (f.namedItem("user") as HTMLInputElement).value;
          const password = f.namedItem("password") as HTMLInputElement;
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
      </form>
    </main>
  );
}
