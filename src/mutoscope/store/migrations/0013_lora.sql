-- A deployment may also be a model of the catalogue with a LoRA, in place of a workflow.

alter table deployments add column lora text;  -- JSON: base_model, path and what else the model takes; null for a workflow
