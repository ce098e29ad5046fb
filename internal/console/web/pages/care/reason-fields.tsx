import { call, isProblem } from "../../api/call";
import { giveConsent, listConsents, type Notice } from "../../api/operations";
import { Checkbox, TextArea } from "../../parts/form";
import { useLoad, type Loaded } from "../../parts/load";
import { language } from "../../text/language";
import { readDraft, saveDraft } from "./draft";
import { text } from "./text";

/** Loads the consents that a booking needs and that are missing. Undefined until they are known. */
export function useMissingConsents(): { missing: Notice[] | undefined; loaded: Loaded<{ items: Notice[] }> } {
	const loaded = useLoad(listConsents, { language });
	return { missing: loaded.data?.items.filter((n) => n.required && !n.givenAt), loaded };
}

/** Gives the consents that were ticked. The key makes each of them once. */
export async function giveConsents(missing: Notice[], key: string): Promise<void> {
	for (const { purpose, noticeVersion } of missing) {
		await call(giveConsent, {}, { purpose, noticeVersion, language }, { idempotencyKey: `${key}-${purpose}` });
	}
}

export function isAboutConsent(error: unknown): boolean {
	return isProblem(error, "consent-required", "notice-outdated");
}

/** Why somebody comes, and the consents that are missing. */
export function ReasonFields({ missing }: { missing: Notice[] }) {
	return (
		<>
			<TextArea
				name="reason"
				label={text.reason}
				hint={`${text.reasonHint} ${text.emergency}`}
				required
				rows={3}
				maxLength={2000}
				initial={readDraft().reason}
				onInput={(event) => saveDraft({ reason: (event.currentTarget as HTMLTextAreaElement).value })}
			/>
			{missing.map((notice) => (
				<div key={notice.purpose + notice.noticeVersion}>
					<Checkbox name={"consent-" + notice.purpose} label={notice.title} required />
					<details class="notice">
						<summary aria-label={`${text.readNotice}: ${notice.title}`}>{text.readNotice}</summary>
						<div class="text">{notice.text}</div>
					</details>
				</div>
			))}
		</>
	);
}
