// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title EIP-3009: transfer with authorization, in the two forms that tokens implement
interface IERC3009 {
    /// @notice Transfers tokens by an authorization with a split ECDSA signature.
    /// @dev Only `to` may call.
    /// @param from The payer, who signed the authorization
    /// @param to The payee
    /// @param value The amount in token units
    /// @param validAfter The time after which the authorization is valid, in Unix seconds
    /// @param validBefore The time before which the authorization is valid, in Unix seconds
    /// @param nonce The unique nonce of the authorization
    /// @param v The `v` of the signature
    /// @param r The `r` of the signature
    /// @param s The `s` of the signature
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Transfers tokens by an authorization whose signature may also be a contract signature.
    /// @dev Only `to` may call.
    /// @param from The payer, who signed the authorization
    /// @param to The payee
    /// @param value The amount in token units
    /// @param validAfter The time after which the authorization is valid, in Unix seconds
    /// @param validBefore The time before which the authorization is valid, in Unix seconds
    /// @param nonce The unique nonce of the authorization
    /// @param signature The signature in the format of the token
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
}

/// @title EIP-2612: allowance by signature
interface IERC2612 {
    /// @notice Sets the allowance of `spender` by the owner's signature.
    /// @dev Anyone may call.
    /// @param owner The owner of the tokens
    /// @param spender The account that receives the allowance
    /// @param value The allowance in token units
    /// @param deadline The last second of the permit, in Unix seconds
    /// @param v The `v` of the signature
    /// @param r The `r` of the signature
    /// @param s The `s` of the signature
    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external;
}

/// @title The functions of Permit2 that these contracts use
interface IPermit2 {
    /// @notice A token and the highest amount that may be transferred.
    /// @param token The token
    /// @param amount The highest amount in token units
    struct TokenPermissions {
        address token;
        uint256 amount;
    }

    /// @notice The signed permit.
    /// @param permitted The token and the highest amount
    /// @param nonce The unique nonce of the permit
    /// @param deadline The last second of the permit, in Unix seconds
    struct PermitTransferFrom {
        TokenPermissions permitted;
        uint256 nonce;
        uint256 deadline;
    }

    /// @notice The transfer requested under a permit.
    /// @param to The payee
    /// @param requestedAmount The amount in token units
    struct SignatureTransferDetails {
        address to;
        uint256 requestedAmount;
    }

    /// @notice Transfers tokens by the owner's signature.
    /// @dev Only the spender in the signed permit may call.
    /// @param permit The signed permit
    /// @param transferDetails The requested transfer
    /// @param owner The signer of the permit
    /// @param signature The owner's signature
    function permitTransferFrom(
        PermitTransferFrom calldata permit,
        SignatureTransferDetails calldata transferDetails,
        address owner,
        bytes calldata signature
    ) external;

    /// @notice Transfers tokens by the owner's signature, which also covers a witness.
    /// @dev Only the spender in the signed permit may call.
    /// @param permit The signed permit
    /// @param transferDetails The requested transfer
    /// @param owner The signer of the permit
    /// @param witness The hash of the witness
    /// @param witnessTypeString The EIP-712 type of the witness
    /// @param signature The owner's signature
    function permitWitnessTransferFrom(
        PermitTransferFrom calldata permit,
        SignatureTransferDetails calldata transferDetails,
        address owner,
        bytes32 witness,
        string calldata witnessTypeString,
        bytes calldata signature
    ) external;
}
