# What the module needs beside the service: three stores and two log endpoints.
# The module opens them by the names of the links and endpoints at the end, which
# must stay as they are. Not applied to an account yet: read the plan.
#
# Config Store entries are Tidegate's own business (`tidegate publish`, `tidegate
# switch`), so Terraform creates the stores and leaves what is in them alone.

resource "fastly_configstore" "tidegate" {
  name = "tidegate_docs_rs"
}

resource "fastly_configstore" "tidegate_packs" {
  name = "tidegate_packs_docs_rs"
}

# The value of `hash_key` is set by hand, or by the tool that holds the team's
# secrets: a variable of Terraform would be readable in its state.
resource "fastly_secretstore" "tidegate" {
  name = "tidegate_secrets_docs_rs"
}

output "tidegate_switches" {
  description = "TIDEGATE_SWITCHES for `tidegate publish`, `rollback`, `switch` and `status`"
  value       = fastly_configstore.tidegate.id
}

output "tidegate_packs" {
  description = "TIDEGATE_PACKS for the same"
  value       = fastly_configstore.tidegate_packs.id
}

# In the service's own `fastly_service_compute`, beside what it has:
#
#   resource_link {
#     name        = "tidegate"
#     resource_id = fastly_configstore.tidegate.id
#   }
#   resource_link {
#     name        = "tidegate_packs"
#     resource_id = fastly_configstore.tidegate_packs.id
#   }
#   resource_link {
#     name        = "tidegate_secrets"
#     resource_id = fastly_secretstore.tidegate.id
#   }
#
#   logging_s3 {
#     name              = "tidegate_records"
#     bucket_name       = "…"
#     path              = "/tidegate-records/docs.rs/"
#     compression_codec = "zstd"
#     # Credentials, domain and period as the service's other endpoints have them.
#   }
#   logging_datadog {
#     name  = "tidegate_notes"
#     token = "…"
#   }
