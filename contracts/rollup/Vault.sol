// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "../interfaces/IRollup.sol";
import {Signatures} from "../lib/Signatures.sol";
import {Transfers} from "../lib/Transfers.sol";
import {Assertions} from "./Assertions.sol";

/// @title Deposits, withdrawals, and the list of tokens
/// @dev A payment that fails reverts and can be repeated: no money is lost and no other payment is blocked.
abstract contract Vault is Assertions {
    address[] private _tokens;
    mapping(address token => bool) private _registered;
    /// @dev One bit for each withdrawal, by its number counted from the beginning.
    mapping(uint256 word => uint256) private _paid;
    mapping(bytes32 withdrawal => address) private _owners;

    bytes32 private constant TRANSFER_TYPE =
        keccak256("TransferClaim(uint256 number,bytes32 leaf,address to,uint48 validUntil)");
    /// @dev The number of tokens after which the price of a new one doubles.
    uint256 private constant TOKENS_PER_PRICE = 4096;

    constructor() {
        _tokens.push(address(0));
    }

    /// @inheritdoc IRollup
    function registerToken(address token) external payable whenNotFrozen returns (uint16 id) {
        uint256 price = tokenPrice();
        if (msg.value != price) revert IncorrectValue(msg.value, price);
        if (token.code.length == 0 || _registered[token] || _tokens.length >> 16 != 0) revert InvalidToken(token);
        _registered[token] = true;
        id = uint16(_tokens.length);
        _tokens.push(token);
        emit TokenRegistered(id, token);
        _enqueue(abi.encodePacked(ITEM_TOKEN, msg.sender, id, token));
    }

    /// @inheritdoc IRollup
    function deposit(uint16 token, uint128 amount, bytes32 owner, uint32 to)
        external
        payable
        whenNotFrozen
        nonReentrant
    {
        if (amount == 0) revert IncorrectValue(0, 1);
        if (token == 0) {
            if (msg.value != amount) revert IncorrectValue(msg.value, amount);
        } else {
            if (msg.value != 0) revert IncorrectValue(msg.value, 0);
            address asset = tokenOf(token);
            uint256 before = Transfers.balance(asset);
            Transfers.tryPull(asset, msg.sender, amount);
            uint256 received;
            unchecked {
                received = Transfers.balance(asset) - before;
            }
            if (received != amount) revert InsufficientTransfer(asset, received, amount);
        }
        _enqueue(abi.encodePacked(ITEM_DEPOSIT, msg.sender, token, amount, owner, to));
    }

    /// @inheritdoc IRollup
    function finalizeWithdrawal(
        Assertion calldata final_,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path
    ) external {
        bytes32 id = _requireFinal(final_);
        (uint256 number, bytes32 leaf) = _requireWithdrawal(final_, roots, index, withdrawal, path);
        _spend(number);
        address target = _ownerOf(_keyOf(number, leaf), withdrawal.target);
        emit Claimed(number, id, target, withdrawal.token, withdrawal.amount);
        _pay(tokenOf(withdrawal.token), target, withdrawal.amount);
    }

    /// @inheritdoc IRollup
    function transferClaim(
        Assertion calldata claimed,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path,
        address to
    ) external {
        (uint256 number, bytes32 leaf) = _requireToCome(claimed, roots, index, withdrawal, path);
        bytes32 key = _keyOf(number, leaf);
        address owner = _ownerOf(key, withdrawal.target);
        if (msg.sender != owner) revert UnauthorizedCaller(msg.sender, owner);
        _giveTo(key, number, leaf, to);
    }

    /// @inheritdoc IRollup
    function transferClaimBySig(
        Assertion calldata claimed,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path,
        address to,
        uint48 validUntil,
        bytes calldata signature
    ) external {
        if (block.timestamp > validUntil) revert SignatureExpired(validUntil);
        (uint256 number, bytes32 leaf) = _requireToCome(claimed, roots, index, withdrawal, path);
        bytes32 key = _keyOf(number, leaf);
        // Only the target can sign, not a buyer, so a signature is used once, regardless of later owners.
        if (_owners[key] != address(0)) revert UnauthorizedCaller(withdrawal.target, _owners[key]);
        bytes32 digest = _digest(keccak256(abi.encode(TRANSFER_TYPE, number, leaf, to, validUntil)));
        if (!Signatures.isValid(digest, withdrawal.target, signature)) revert InvalidProof();
        _giveTo(key, number, leaf, to);
    }

    /// @inheritdoc IRollup
    function claimOwner(uint256 number, bytes32 leaf) external view returns (address) {
        return _owners[_keyOf(number, leaf)];
    }

    /// @inheritdoc IRollup
    function tokenPrice() public view returns (uint256) {
        return (_BOND / 64) << (_tokens.length / TOKENS_PER_PRICE);
    }

    /// @inheritdoc IRollup
    function tokenOf(uint256 id) public view returns (address) {
        if (id == 0) return address(0);
        if (id >= _tokens.length) revert UnknownTokenId(id);
        return _tokens[id];
    }

    /// @dev Marks a number as paid, once. Accounts and deposits of the frozen mode use numbers above 2^64, because
    /// there is only one last final assertion then.
    function _spend(uint256 number) internal {
        if (_isSpent(number)) revert AlreadyPaid(uint64(number));
        _paid[number >> 8] |= 1 << (number & 255);
    }

    function _isSpent(uint256 number) private view returns (bool) {
        return _paid[number >> 8] >> (number & 255) & 1 != 0;
    }

    function _keyOf(uint256 number, bytes32 leaf) private pure returns (bytes32) {
        return keccak256(abi.encode(number, leaf));
    }

    /// @dev Returns the owner of a withdrawal: the account it was transferred to, or its target.
    function _ownerOf(bytes32 key, address target) private view returns (address owner) {
        owner = _owners[key];
        if (owner == address(0)) return target;
    }

    /// @dev The key also contains the payment, so a wrong assertion about a number has no effect on the correct one.
    function _giveTo(bytes32 key, uint256 number, bytes32 leaf, address to) private {
        if (to == address(0)) revert MissingReceiver();
        _owners[key] = to;
        emit ClaimTransferred(number, leaf, to);
    }

    /// @dev Requires a withdrawal that is or can become payable and is not paid. No other withdrawal can be
    /// transferred.
    function _requireToCome(
        Assertion calldata claimed,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path
    ) private view returns (uint256 number, bytes32 leaf) {
        _requireHopeful(claimed);
        (number, leaf) = _requireWithdrawal(claimed, roots, index, withdrawal, path);
        if (_isSpent(number)) revert AlreadyPaid(number);
    }

    function _requireWithdrawal(
        Assertion calldata claimed,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path
    ) private pure returns (uint256 number, bytes32 leaf) {
        if (_stateRoot(roots) != claimed.root) revert InvalidProof();
        leaf = keccak256(abi.encodePacked(withdrawal.target, withdrawal.token, withdrawal.amount));
        _requirePath(roots.withdrawals, leaf, index, path, WITHDRAWAL_DEPTH);
        number = uint64(uint256(roots.numbers) >> 32) + index;
    }
}
