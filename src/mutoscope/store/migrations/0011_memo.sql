-- What the attempts of a request left for the next one: a small JSON object that only workers see. Null: nothing.

alter table requests add column memo text;
