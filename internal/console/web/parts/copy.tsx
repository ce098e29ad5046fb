import { announce } from "./announce";
import { t } from "../text";

/** Copies a text. Where the browser doesn't allow that, it says what failed says. */
export function CopyButton({ value, label, failed }: { value: string; label: string; failed: string }) {
	const copy = async (): Promise<void> => {
		try {
			await navigator.clipboard.writeText(value);
			announce(t.copied);
		} catch {
			announce(failed);
		}
	};
	return (
		<button type="button" aria-label={label} onClick={() => void copy()}>
			{t.copy}
		</button>
	);
}
