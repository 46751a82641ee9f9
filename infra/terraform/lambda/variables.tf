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
  description = "Archive that `make lambda-zip` builds (target/lambda/logmark.zip)."
  type        = string
}

variable "architecture" {
  description = "Architecture of the archive. There is no default, because a wrong value fails only when the function starts."
  type        = string

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "It must be arm64 or x86_64."
  }
}

variable "memory_size" {
  description = "Memory in MB. The CPU share grows with it."
  type        = number
  default     = 512

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240
    error_message = "It must be from 128 to 10240."
  }
}

variable "timeout" {
  description = "Timeout in seconds for a streamed answer. Behind an HTTP API it is always 29."
  type        = number
  default     = 300

  validation {
    condition     = var.timeout >= 30 && var.timeout <= 900
    error_message = "It must be from 30 to 900."
  }
}

variable "reserved_concurrency" {
  description = "Maximum concurrent requests. All containers share the small quotas of CloudWatch Logs."
  type        = number
  default     = 20

  validation {
    condition     = var.reserved_concurrency >= 1
    error_message = "It must be at least 1."
  }
}

variable "log_group_arns" {
  description = "Log groups of this account that any tenant may see, as arn:aws:logs:REGION:ACCOUNT:log-group:NAME without :* at the end; empty if all sources use source_role_arns."
  type        = list(string)
  default     = []
}

variable "queries" {
  description = "Allow Logs Insights queries (the action `query` in grants)?"
  type        = bool
  default     = false
}

variable "source_role_arns" {
  description = "Roles that sources name as assume_role (created by the module source-role)."
  type        = list(string)
  default     = []
}

variable "config" {
  description = "Location of logmark.toml: ssm:/name or s3://bucket/key."
  type        = string

  validation {
    condition     = var.config != ""
    error_message = "Use the form ssm:/name or s3://bucket/key."
  }
}

variable "config_kms_key_arn" {
  description = "Customer managed KMS key of the parameter or object, if any."
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
  description = "Your own domain for rest-api or http-api; empty for the gateway's domain."
  type        = string
  default     = ""
}

variable "certificate_arn" {
  description = "ACM certificate of domain_name, in this region."
  type        = string
  default     = ""
}

variable "web_acl_arn" {
  description = "Regional WAF web ACL for rest-api; the other front ends do not support WAF."
  type        = string
  default     = ""
}

variable "access_log_group_arn" {
  description = "Log group for the gateway's access log (created by the module access-logs); empty for none."
  type        = string
  default     = ""
}

variable "access_log_format" {
  description = "Format of the access log (output format of the module access-logs)."
  type        = string
  default     = ""
}

variable "log_retention_days" {
  description = "Retention of Logmark's own log in days, including audit lines."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "It must be a retention that CloudWatch Logs supports, of at least 30 days."
  }
}

variable "kms_key_arn" {
  description = "KMS key for Logmark's own log group and environment; empty for AWS owned keys."
  type        = string
  default     = ""
}

variable "alarm_topic_arns" {
  description = "SNS topics for the alarms; none for alarms without notifications."
  type        = list(string)
  default     = []
}
