import { useEffect, useState } from "preact/hooks";
import { call, read, type Explanations } from "../../api/call";
import { downloadOwnExport, readOwnExport, requestOwnExport, type Export } from "../../api/operations";
import { announce } from "../../parts/announce";
import { ActionButton } from "../../parts/form";
import { Refusal } from "../../parts/refusal";
import { Time } from "../../parts/time";
import { fileSize } from "../../parts/numbers";
import { Arrival } from "../../parts/focus";
import { download } from "../../parts/download";
import { text } from "./text";

const refusals = (): Explanations => ({
	"too-many-requests": text.copy.tooMany,
	"export-expired": text.copy.gone,
	"not-found": text.copy.gone,
	"export-pending": text.copy.making,
});

/** A copy of everything that is kept about a user. To read its state asks for one, so nothing is read unasked. */
export function DataCopy() {
	const own = text.copy;
	const [copy, setCopy] = useState<Export | null>(null);
	const [error, setError] = useState<unknown>(null);
	const isPending = copy?.status === "PENDING";
	useEffect(() => {
		if (!isPending || error) return;
		const timer = setInterval(() => {
			read(readOwnExport, {}).then(({ data }) => {
				setCopy(data);
				if (data.status === "READY") announce(own.isReady);
			}, setError);
		}, 2000);
		return () => clearInterval(timer);
	}, [isPending, error]);
	return (
		<section aria-labelledby="copy">
			<h2 id="copy">{own.title}</h2>
			<p>{own.what}</p>
			{error !== null && <Refusal error={error} own={refusals()} retry={() => setError(null)} />}
			{copy && (
				<Arrival key={copy.status} class="note">
					{isPending ? <p aria-busy="true">{own.making}</p> : <Ready copy={copy} />}
				</Arrival>
			)}
			<div class="actions">
				{!copy && (
					<ActionButton
						text={own.get}
						own={refusals()}
						run={async () => setCopy((await call(readOwnExport, {})).data)}
					/>
				)}
				{copy?.status === "READY" && (
					<ActionButton
						text={own.renew}
						own={refusals()}
						run={async (key) =>
							setCopy((await call(requestOwnExport, {}, undefined, { idempotencyKey: key })).data)
						}
					/>
				)}
			</div>
		</section>
	);
}

function Ready({ copy }: { copy: Export }) {
	const own = text.copy;
	return (
		<>
			<p>
				{own.ready} {copy.size !== null && `(${fileSize(copy.size)})`}
			</p>
			{copy.expiresAt && (
				<p>
					{own.until} <Time at={copy.expiresAt} />
				</p>
			)}
			<ActionButton
				class="primary"
				text={own.download}
				own={refusals()}
				run={() =>
					download(downloadOwnExport, { id: copy.id }, `amrutam-${copy.requestedAt.slice(0, 10)}.zip`)
				}
			/>
		</>
	);
}
