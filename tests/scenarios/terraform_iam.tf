terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "endpoint" { type = string }
provider "aws" {
  access_key                  = "test"
  secret_key                  = "test"
  region                      = "eu-west-1"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  endpoints {
    s3            = var.endpoint
    iam           = var.endpoint
    sts           = var.endpoint
    organizations = var.endpoint
  }
}
data "aws_caller_identity" "me" {}

# People
resource "aws_iam_user" "ann" {
  name          = "ann"
  path          = "/staff/"
  force_destroy = true
  tags          = { team = "blue" }
}
resource "aws_iam_group" "team" {
  name = "team"
  path = "/staff/"
}
resource "aws_iam_group_membership" "team" {
  name  = "team"
  group = aws_iam_group.team.name
  users = [aws_iam_user.ann.name]
}
resource "aws_iam_group_policy" "home" {
  name   = "home"
  group  = aws_iam_group.team.name
  policy = data.aws_iam_policy_document.home.json
}
resource "aws_iam_access_key" "ann" {
  user = aws_iam_user.ann.name
}
resource "aws_iam_user_login_profile" "ann" {
  user                    = aws_iam_user.ann.name
  password_length         = 24
  password_reset_required = true
  depends_on              = [aws_iam_account_password_policy.strict]
}
resource "aws_iam_virtual_mfa_device" "ann" {
  virtual_mfa_device_name = "ann"
  tags                    = { team = "blue" }
}
resource "aws_iam_account_alias" "alias" {
  account_alias = "cloudling-terraform"
}
resource "aws_iam_account_password_policy" "strict" {
  minimum_password_length        = 16
  require_lowercase_characters   = true
  require_numbers                = true
  require_uppercase_characters   = true
  require_symbols                = true
  allow_users_to_change_password = true
  max_password_age               = 90
  password_reuse_prevention      = 3
}

# Policies
data "aws_iam_policy_document" "home" {
  statement {
    sid       = "OwnFolder"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.shelf.arn}/home/&{aws:username}/*"]
  }
  statement {
    sid       = "ListOwnFolder"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.shelf.arn]
    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["home/&{aws:username}/*"]
    }
  }
}
resource "aws_iam_policy" "edge" {
  name        = "edge"
  path        = "/limits/"
  description = "What nobody goes beyond."
  policy      = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["s3:*", "iam:Get*"], Resource = "*" }] })
  tags        = { team = "blue" }
}
resource "aws_iam_user_policy_attachment" "ann" {
  user       = aws_iam_user.ann.name
  policy_arn = aws_iam_policy.edge.arn
}

# Roles
data "aws_iam_policy_document" "machines" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "web" {
  name                 = "web"
  description          = "What machines may do."
  max_session_duration = 7200
  assume_role_policy   = data.aws_iam_policy_document.machines.json
  permissions_boundary = aws_iam_policy.edge.arn
  tags                 = { team = "blue" }
}
resource "aws_iam_role_policy" "web" {
  name   = "read"
  role   = aws_iam_role.web.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "${aws_s3_bucket.shelf.arn}/*" }] })
}
resource "aws_iam_role_policy_attachment" "web" {
  role       = aws_iam_role.web.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
}
resource "aws_iam_instance_profile" "web" {
  name = "web"
  role = aws_iam_role.web.name
  tags = { team = "blue" }
}
resource "aws_iam_service_linked_role" "scaling" {
  aws_service_name = "autoscaling.amazonaws.com"
}

# A bucket and who may use it
resource "aws_s3_bucket" "shelf" {
  bucket = "terraform-iam"
}
resource "aws_s3_bucket_public_access_block" "shelf" {
  bucket                  = aws_s3_bucket.shelf.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_s3_bucket_policy" "shelf" {
  bucket     = aws_s3_bucket.shelf.id
  depends_on = [aws_s3_bucket_public_access_block.shelf]
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Machines"
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.web.arn }
      Action    = ["s3:GetObject", "s3:ListBucket"]
      Resource  = [aws_s3_bucket.shelf.arn, "${aws_s3_bucket.shelf.arn}/*"]
    }]
  })
}

# Organizations
resource "aws_organizations_organization" "org" {
  feature_set          = "ALL"
  enabled_policy_types = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"]
}
resource "aws_organizations_organizational_unit" "dev" {
  name      = "dev"
  parent_id = aws_organizations_organization.org.roots[0].id
  tags      = { team = "blue" }
}
resource "aws_organizations_policy" "regions" {
  name       = "regions"
  type       = "SERVICE_CONTROL_POLICY"
  depends_on = [aws_organizations_organization.org]
  content    = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Deny", NotAction = ["iam:*", "sts:*"], Resource = "*", Condition = { StringNotEquals = { "aws:RequestedRegion" = ["eu-west-1"] } } }] })
}
resource "aws_organizations_policy_attachment" "dev" {
  policy_id = aws_organizations_policy.regions.id
  target_id = aws_organizations_organizational_unit.dev.id
}

output "account" { value = data.aws_caller_identity.me.account_id }
output "policy" { value = aws_iam_policy.edge.arn }
output "secret" {
  value     = aws_iam_access_key.ann.secret
  sensitive = true
}
