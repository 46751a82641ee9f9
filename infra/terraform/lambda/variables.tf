variable "name" {
  description = "The function's name; its log group is /logmark/NAME."
  type        = string
  default     = "logmark"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,30}$", var.name))
    error_message = "It must have 1 to 30 letters, digits, _ or -."
  }
}

variable "zip" {
  description = "The archive that `make lambda-zip` wrote (target/lambda/logmark.zip)."
  type        = string
}

variable "architecture" {
  description = "What the archive was built for. No default, since a wrong one fails only when the function starts."
  type        = string

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "It must be arm64 or x86_64."
  }
}

variable "memory_size" {
  description = "Megabytes; the share of a processor grows with them."
  type        = number
  default     = 512

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240
    error_message = "It must be from 128 to 10240."
  }
}

variable "timeout" {
  description = "Seconds for a streamed answer. Behind an HTTP API it is 29 whatever is written here."
  type        = number
  default     = 300

  validation {
    condition     = var.timeout >= 30 && var.timeout <= 900
    error_message = "It must be from 30 to 900."
  }
}

variable "reserved_concurrency" {
  description = "Most requests at a time. Each container draws on the same small quotas of CloudWatch Logs."
  type        = number
  default     = 20

  validation {
    condition     = var.reserved_concurrency >= 1
    error_message = "It must be at least 1."
  }
}

variable "log_group_arns" {
  description = "Log groups of this account that any tenant may see, as arn:aws:logs:REGION:ACCOUNT:log-group:NAME without :* at the end; empty when all sources are read by source_role_arns."
  type        = list(string)
  default     = []
}

variable "queries" {
  description = "May tenants be granted the action `query` (Logs Insights)?"
  type        = bool
  default     = false
}

variable "source_role_arns" {
  description = "The roles that sources name as assume_role (the module source-role makes them)."
  type        = list(string)
  default     = []
}

variable "config" {
  description = "Where logmark.toml is: ssm:/name or s3://bucket/key."
  type        = string

  validation {
    condition     = var.config != ""
    error_message = "Write ssm:/name or s3://bucket/key."
  }
}

variable "config_kms_key_arn" {
  description = "The customer managed KMS key of the parameter or object, if there is one."
  type        = string
  default     = ""
}

variable "cursor_key_secret_arn" {
  description = "A Secrets Manager secret {\"current\":\"…\",\"previous\":\"…\"}, each 32 bytes in base64, for cursor_keys = [\"env:LOGMARK_CURSOR_KEY\", \"env:LOGMARK_CURSOR_KEY_PREVIOUS\"]."
  type        = string
}

variable "front_door" {
  description = "rest-api and function-url stream; http-api buffers answers below 6 MB and ends after 29 s."
  type        = string
  default     = "rest-api"

  validation {
    condition     = contains(["rest-api", "http-api", "function-url"], var.front_door)
    error_message = "It must be rest-api, http-api or function-url."
  }
}

variable "domain_name" {
  description = "A domain of your own for rest-api or http-api; empty for the gateway's own."
  type        = string
  default     = ""
}

variable "certificate_arn" {
  description = "The ACM certificate of domain_name, in this region."
  type        = string
  default     = ""
}

variable "web_acl_arn" {
  description = "A regional WAF web ACL for rest-api; the other two can't have one."
  type        = string
  default     = ""
}

variable "access_log_group_arn" {
  description = "Log group for the gateway's access log (the module access-logs makes one); empty for none."
  type        = string
  default     = ""
}

variable "access_log_format" {
  description = "The access log's format (output format of the module access-logs)."
  type        = string
  default     = ""
}

variable "log_retention_days" {
  description = "Days that Logmark's own log is kept, its audit lines too."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "It must be a number of days that CloudWatch Logs knows, from 30 on."
  }
}

variable "kms_key_arn" {
  description = "A KMS key for Logmark's own log group and environment; empty for AWS's own."
  type        = string
  default     = ""
}

variable "alarm_topic_arns" {
  description = "SNS topics for the alarms; none for alarms that only change colour."
  type        = list(string)
  default     = []
}
