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
    s3  = var.endpoint
    iam = var.endpoint
    sts = var.endpoint
  }
}
resource "aws_s3_bucket" "b" {
  bucket = "terraform-storage"
  tags   = { team = "blue" }
}
resource "aws_s3_object" "small" {
  bucket       = aws_s3_bucket.b.bucket
  key          = "notes/ü.txt"
  content      = "hello"
  content_type = "text/plain"
  tags         = { kind = "text" }
}
resource "aws_s3_object" "large" {
  bucket      = aws_s3_bucket.b.bucket
  key         = "large.bin"
  source      = "${path.module}/large.bin"
  source_hash = filemd5("${path.module}/large.bin")
}
resource "aws_iam_user" "u" {
  name = "alice"
  path = "/staff/"
  tags = { team = "blue" }
}
resource "aws_iam_access_key" "k" { user = aws_iam_user.u.name }
resource "aws_iam_role" "r" {
  name               = "reader"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = aws_iam_user.u.arn } }] })
  tags               = { team = "blue" }
}
resource "aws_iam_policy" "p" {
  name   = "read"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["s3:GetObject", "s3:ListBucket"], Resource = [aws_s3_bucket.b.arn, "${aws_s3_bucket.b.arn}/*"] }] })
  tags   = { team = "blue" }
}
resource "aws_iam_role_policy_attachment" "ra" {
  role       = aws_iam_role.r.name
  policy_arn = aws_iam_policy.p.arn
}
resource "aws_iam_user_policy_attachment" "ua" {
  user       = aws_iam_user.u.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
}
resource "aws_iam_role_policy" "rp" {
  role   = aws_iam_role.r.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:GetCallerIdentity", Resource = "*" }] })
}
resource "aws_iam_group" "g" { name = "readers" }
resource "aws_iam_group_membership" "m" {
  name  = "m"
  group = aws_iam_group.g.name
  users = [aws_iam_user.u.name]
}
data "aws_caller_identity" "me" {}
output "account" { value = data.aws_caller_identity.me.account_id }
